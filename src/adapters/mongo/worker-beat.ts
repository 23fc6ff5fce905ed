// A beat as it is written: the server's clock says when, so that no clock of a program decides who is alive.
import type { Document } from 'mongodb';

export function beatOf(startedAtMs: number): Document {
  return { $set: { startedAtMs }, $currentDate: { beatAt: { $type: 'date' } } };
}
