// How hard the machine is pressed that sandboxes run on.
import type { PressureReading } from '../pressure.ts';

export interface HostPressure {
  /** Never rejects: what cannot be read is null. */
  read(): Promise<PressureReading>;
}
