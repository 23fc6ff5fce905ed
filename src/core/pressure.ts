// How hard the host is pressed, and what follows: a brake in three positions.
//   free ⇄ slowed ⇄ stopped, and from free straight to stopped     (only memory stops; it loosens one position at a time)

/** Share of time in which somebody had to wait for it, 0 to 1; null where it cannot be read. */
export interface PressureReading {
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly io: number | null;
  /** share of the host's memory that is available; null where it cannot be read */
  readonly memoryFree: number | null;
}

export const PRESSED_RESOURCES = ['cpu', 'memory', 'io'] as const;
export type PressedResource = (typeof PRESSED_RESOURCES)[number];

export const BRAKE_STATES = ['free', 'slowed', 'stopped'] as const;
export type BrakeState = (typeof BRAKE_STATES)[number];

export const BRAKE_TRANSITIONS = {
  free: ['slowed', 'stopped'],
  slowed: ['free', 'stopped'],
  stopped: ['slowed'],
} as const satisfies Record<BrakeState, readonly BrakeState[]>;

export function mayMoveBrake(from: BrakeState, to: BrakeState): boolean {
  return (BRAKE_TRANSITIONS[from] as readonly BrakeState[]).includes(to);
}

/** `cpu 12 %, memory 0 %, io 3 %`; what cannot be read is left out. */
export function describePressure(reading: Pick<PressureReading, PressedResource>): string {
  return PRESSED_RESOURCES.flatMap((resource) => {
    const ratio = reading[resource];
    return ratio === null ? [] : [`${resource} ${String(Math.round(ratio * 100))} %`];
  }).join(', ');
}
