// One sentence about a merge conflict; the keys in it come from plugins, so they are escaped and cut.
import { escapeText } from '../../lib/escape-text.ts';
import type { MergeConflict } from './merge-results.ts';

const POINTER_LENGTH_MAX = 200;

export function describeConflict({ pointer, first, second }: MergeConflict): string {
  const place = pointer.length > POINTER_LENGTH_MAX ? `${pointer.slice(0, POINTER_LENGTH_MAX)}…` : pointer;
  return `${first} and ${second} both wrote data${escapeText(place)} in parallel; the value of ${second} stands`;
}
