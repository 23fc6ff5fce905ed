// The brake on starts (states: core/pressure.ts), without IO: a reading goes in, a move comes out. It tightens at once and loosens one position
// after three readings in a row below three quarters of the threshold, so that it does not flutter.
import type { BrakeState, PressedResource, PressureReading } from '../../core/pressure.ts';

/** Pressure from which on starts are slowed, or (memory only) stopped. */
export interface BrakeThresholds {
  readonly cpu: number;
  readonly io: number;
  readonly memory: number;
  readonly memoryStop: number;
}

export interface BrakeMove {
  readonly from: BrakeState;
  readonly to: BrakeState;
  /** what is pressed hardest, against its threshold */
  readonly resource: PressedResource;
  readonly ratio: number;
}

const LOOSEN = 0.75;
const CALM_READINGS = 3;
/** A plugin at its own memory limit presses memory, too; the host is short of it only when this little is left. */
const MEMORY_SHORT = 0.1;

const TIGHTNESS: Readonly<Record<BrakeState, number>> = { free: 0, slowed: 1, stopped: 2 };

export class PressureBrake {
  readonly #thresholds: BrakeThresholds;
  #state: BrakeState = 'free';
  #calm = 0;
  #isNarrow = false;

  constructor(thresholds: BrakeThresholds) {
    this.#thresholds = thresholds;
  }

  get state(): BrakeState {
    return this.#state;
  }

  /** Whether starts that somebody waits for go one by one: more at once help where only cores are short, and do harm otherwise. */
  get isNarrow(): boolean {
    return this.#isNarrow;
  }

  /** Null when it stays where it is. */
  take(reading: PressureReading): BrakeMove | null {
    this.#isNarrow = this.#isPressedBeside(reading, this.#isNarrow ? LOOSEN : 1);
    const wanted = this.#wanted(reading, 1);
    if (TIGHTNESS[wanted] > TIGHTNESS[this.#state]) return this.#move(wanted, reading);
    const isCalm = TIGHTNESS[this.#wanted(reading, LOOSEN)] < TIGHTNESS[this.#state];
    this.#calm = isCalm ? this.#calm + 1 : 0;
    if (this.#calm < CALM_READINGS) return null;
    return this.#move(this.#state === 'stopped' ? 'slowed' : 'free', reading);
  }

  #wanted(reading: PressureReading, scale: number): BrakeState {
    const { cpu, memoryStop } = this.#thresholds;
    if (pressedMemory(reading) >= memoryStop * scale) return 'stopped';
    return (reading.cpu ?? 0) >= cpu * scale || this.#isPressedBeside(reading, scale) ? 'slowed' : 'free';
  }

  #isPressedBeside(reading: PressureReading, scale: number): boolean {
    const { io, memory } = this.#thresholds;
    return (reading.io ?? 0) >= io * scale || pressedMemory(reading) >= memory * scale;
  }

  #move(to: BrakeState, reading: PressureReading): BrakeMove {
    const { cpu, io, memory } = this.#thresholds;
    const from = this.#state;
    this.#state = to;
    this.#calm = 0;
    const ratios = [
      { resource: 'cpu', ratio: reading.cpu ?? 0, threshold: cpu },
      { resource: 'io', ratio: reading.io ?? 0, threshold: io },
      { resource: 'memory', ratio: pressedMemory(reading), threshold: memory },
    ] as const;
    const { resource, ratio } = ratios.reduce((most, next) =>
      next.ratio / next.threshold > most.ratio / most.threshold ? next : most,
    );
    return { from, to, resource, ratio };
  }
}

function pressedMemory({ memory, memoryFree }: PressureReading): number {
  return memory === null || (memoryFree !== null && memoryFree > MEMORY_SHORT) ? 0 : memory;
}
