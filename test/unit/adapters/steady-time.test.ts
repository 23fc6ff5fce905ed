// Time that follows the wall clock without its jumps.
import { describe, expect, it } from 'vitest';
import { SteadyTime } from '../../../src/adapters/system/steady-time.ts';

const START_MS = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;

class Machine {
  #wallMs = START_MS;
  #monotonicMs = 5_000;
  #uptimeMs = 90_000;
  readonly time = new SteadyTime({
    wallMs: () => this.#wallMs,
    monotonicMs: () => this.#monotonicMs,
    uptimeMs: () => Math.floor(this.#uptimeMs / 10) * 10,
  });

  /** Milliseconds after the start, as the program has it. */
  get now(): number {
    return this.time.nowMs() - START_MS;
  }

  get wall(): number {
    return this.#wallMs - START_MS;
  }

  jump(byMs: number): void {
    this.#wallMs += byMs;
  }

  pass(durationMs: number): void {
    this.#wallMs += durationMs;
    this.#uptimeMs += durationMs;
    this.#monotonicMs += durationMs;
  }

  suspend(durationMs: number): void {
    this.#wallMs += durationMs;
    this.#uptimeMs += durationMs;
  }

  /** Looked at each half second. */
  live(durationMs: number): void {
    for (let passedMs = 0; passedMs < durationMs; passedMs += 500) {
      this.pass(500);
      this.time.nowMs();
    }
  }
}

describe('the steady time', () => {
  it('is the wall clock while that goes as time does', () => {
    const machine = new Machine();
    machine.live(HOUR_MS);
    expect(machine.now).toBe(HOUR_MS);
  });

  it.each([2, -2])('takes ten minutes for ten minutes when the wall clock is set by %i hours', (hours) => {
    const machine = new Machine();
    machine.live(10_000);
    const before = machine.now;
    machine.jump(hours * HOUR_MS);
    machine.live(600_000);
    expect(machine.now - before).toBeGreaterThanOrEqual(540_000);
    expect(machine.now - before).toBeLessThanOrEqual(660_000);
  });

  it.each([2, -2])('is the wall clock again a day after that was set by %i hours', (hours) => {
    const machine = new Machine();
    machine.jump(hours * HOUR_MS);
    machine.live(24 * HOUR_MS);
    expect(machine.now).toBe(machine.wall);
  });

  it('never goes back', () => {
    const machine = new Machine();
    let last = machine.now;
    for (const jump of [0, -HOUR_MS, 3 * HOUR_MS, -7 * HOUR_MS, 1]) {
      machine.jump(jump);
      for (let look = 0; look < 200; look += 1) {
        machine.pass(61);
        expect(machine.now).toBeGreaterThanOrEqual(last);
        last = machine.now;
      }
    }
  });

  it('makes no leap when nobody asked for long', () => {
    const machine = new Machine();
    machine.jump(2 * HOUR_MS);
    machine.pass(HOUR_MS);
    expect(machine.now).toBeGreaterThanOrEqual(HOUR_MS);
    expect(machine.now).toBeLessThanOrEqual(HOUR_MS + 1_000);
  });

  it('knows what a suspension took', () => {
    const machine = new Machine();
    machine.live(5_000);
    machine.suspend(8 * HOUR_MS);
    machine.live(5_000);
    expect(Math.abs(machine.now - machine.wall)).toBeLessThanOrEqual(10);
  });
});
