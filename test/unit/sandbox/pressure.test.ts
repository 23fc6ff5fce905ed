// The brake on starts: what each reading does in each position, against a table written here a second time, and what the positions mean for
// sandboxes, over the fake engine and clock. One start is always possible.
import { describe, expect, test } from 'vitest';
import { BRAKE_STATES, mayMoveBrake, type BrakeState, type PressureReading } from '../../../src/core/pressure.ts';
import { PressureBrake, type BrakeMove } from '../../../src/sandbox/pool/pressure-brake.ts';
import { FakeWorker, HANGING } from '../../support/sandbox/fake-worker.ts';
import { poolLimits } from '../../support/sandbox/versions.ts';

const THRESHOLDS = { cpu: 0.8, io: 0.8, memory: 0.4, memoryStop: 0.6 };
const CALM: PressureReading = { cpu: 0, memory: 0, io: 0, memoryFree: 0.05 };
const READINGS = {
  calm: CALM,
  'nothing to be read': { cpu: null, memory: null, io: null, memoryFree: null },
  'cpu just under': { ...CALM, cpu: 0.79 },
  'cpu over': { ...CALM, cpu: 0.8 },
  'io over': { ...CALM, io: 0.9 },
  'memory over': { ...CALM, memory: 0.4 },
  'memory just under the stop': { ...CALM, memory: 0.59 },
  'memory over the stop': { ...CALM, memory: 0.6 },
  'memory over the stop, free unknown': { ...CALM, memory: 0.6, memoryFree: null },
  'a plugin at its own limit': { ...CALM, memory: 1, memoryFree: 0.5 },
} as const satisfies Record<string, PressureReading>;
type Reading = keyof typeof READINGS;

function brakeAt(state: BrakeState): PressureBrake {
  const brake = new PressureBrake(THRESHOLDS);
  if (state !== 'free') brake.take(READINGS[state === 'slowed' ? 'cpu over' : 'memory over the stop']);
  expect(brake.state).toBe(state);
  return brake;
}

// Where it stands after one reading, and after three of the same kind.
const NEXT: Readonly<Record<Reading, Readonly<Record<BrakeState, readonly [BrakeState, BrakeState]>>>> = {
  calm: { free: ['free', 'free'], slowed: ['slowed', 'free'], stopped: ['stopped', 'slowed'] },
  'nothing to be read': { free: ['free', 'free'], slowed: ['slowed', 'free'], stopped: ['stopped', 'slowed'] },
  'cpu just under': { free: ['free', 'free'], slowed: ['slowed', 'slowed'], stopped: ['stopped', 'slowed'] },
  'cpu over': { free: ['slowed', 'slowed'], slowed: ['slowed', 'slowed'], stopped: ['stopped', 'slowed'] },
  'io over': { free: ['slowed', 'slowed'], slowed: ['slowed', 'slowed'], stopped: ['stopped', 'slowed'] },
  'memory over': { free: ['slowed', 'slowed'], slowed: ['slowed', 'slowed'], stopped: ['stopped', 'slowed'] },
  'memory just under the stop': {
    free: ['slowed', 'slowed'],
    slowed: ['slowed', 'slowed'],
    stopped: ['stopped', 'stopped'],
  },
  'memory over the stop': {
    free: ['stopped', 'stopped'],
    slowed: ['stopped', 'stopped'],
    stopped: ['stopped', 'stopped'],
  },
  'memory over the stop, free unknown': {
    free: ['stopped', 'stopped'],
    slowed: ['stopped', 'stopped'],
    stopped: ['stopped', 'stopped'],
  },
  'a plugin at its own limit': { free: ['free', 'free'], slowed: ['slowed', 'free'], stopped: ['stopped', 'slowed'] },
};
const MATRIX = (Object.keys(NEXT) as Reading[]).flatMap((reading) =>
  BRAKE_STATES.map((from) => ({ reading, from, once: NEXT[reading][from][0], thrice: NEXT[reading][from][1] })),
);

describe('a brake', () => {
  test.each(MATRIX)(
    'that is $from is $once after "$reading", and $thrice after three times',
    ({ reading, from, once, thrice }) => {
      const brake = brakeAt(from);
      const moves: BrakeMove[] = [];
      for (let count = 0; count < 3; count += 1) {
        const move = brake.take(READINGS[reading]);
        if (move !== null) moves.push(move);
        if (count === 0) expect(brake.state).toBe(once);
      }
      expect(brake.state).toBe(thrice);
      expect(moves.map((move) => [move.from, move.to])).toEqual(from === thrice ? [] : [[from, thrice]]);
      for (const move of moves) expect(mayMoveBrake(move.from, move.to)).toBe(true);
    },
  );

  test('loosens only after three calm readings in a row', () => {
    const brake = brakeAt('slowed');
    const readings = ['calm', 'calm', 'cpu just under', 'calm', 'calm', 'calm'] as const;
    expect(readings.map((name) => brake.take(READINGS[name])?.to ?? null)).toEqual([
      null,
      null,
      null,
      null,
      null,
      'free',
    ]);
  });

  test('narrows the gate for io and memory only, and widens it a quarter below the threshold', () => {
    const brake = brakeAt('slowed');
    const widths = (['io over', 'cpu over', 'memory over', 'calm'] as const).map((name) => {
      brake.take(READINGS[name]);
      return brake.isNarrow;
    });
    expect(widths).toEqual([true, false, true, false]);
    brake.take({ ...CALM, io: 0.8 });
    brake.take({ ...CALM, io: 0.61 });
    expect(brake.isNarrow).toBe(true);
  });

  test('names what is pressed hardest against its threshold', () => {
    expect(brakeAt('free').take({ cpu: 0.7, memory: 0.1, io: 0.95, memoryFree: 0 })).toMatchObject({
      resource: 'io',
      ratio: 0.95,
    });
    expect(brakeAt('free').take({ cpu: 0.8, memory: 0.6, io: 0, memoryFree: 0 })).toMatchObject({
      resource: 'memory',
      ratio: 0.6,
    });
  });
});

const PRESSED = { cpu: { ...CALM, cpu: 1 }, io: { ...CALM, io: 1 }, memory: { ...CALM, memory: 1 } };

async function pressed(resource: keyof typeof PRESSED): Promise<FakeWorker> {
  const worker = new FakeWorker({ cpuOvercommit: 100 }, { cpus: 4, memoryBytes: 4 * 1024 ** 3, hasAppArmor: false });
  worker.pressure.reading = PRESSED[resource];
  await worker.sandboxes.start();
  await worker.settle();
  return worker;
}

/** The greatest number of container starts at one time while so many invocations want one. */
async function startsAtOnce(worker: FakeWorker, count: number): Promise<number> {
  const release = worker.engine.calls.hold('startContainer');
  const ends = Array.from({ length: count }, () => worker.invoke(worker.version()));
  await worker.settle();
  const atOnce = worker.engine.calls.count('startContainer');
  release();
  await Promise.all(ends);
  return atOnce;
}

test('starts go as many at once as there are cores, one by one while its disk or memory is pressed', async () => {
  await using free = new FakeWorker(
    { cpuOvercommit: 100 },
    { cpus: 4, memoryBytes: 4 * 1024 ** 3, hasAppArmor: false },
  );
  expect(await startsAtOnce(free, 12)).toBe(4);
  await using busy = await pressed('cpu');
  expect(await startsAtOnce(busy, 12)).toBe(4);
  await using slowed = await pressed('io');
  expect(await startsAtOnce(slowed, 12)).toBe(1);
  expect(slowed.events.of('pressureChanged')).toMatchObject([{ from: 'free', to: 'slowed', resource: 'io', ratio: 1 }]);
});

test('a start that nobody waits for is put off while the host is pressed, but not for good', async () => {
  await using worker = await pressed('cpu');
  worker.sandboxes.warm(worker.version());
  await worker.clock.advance(4_900);
  expect(worker.sandboxes.states()).toEqual([]);
  await worker.clock.advance(200);
  expect(worker.count('idle')).toBe(1);
});

test('a start that was put off is made at once when somebody comes, and when the pressure is gone', async () => {
  await using worker = await pressed('cpu');
  const version = worker.version();
  worker.sandboxes.warm(version);
  await worker.settle();
  const end = worker.invoke(version);
  await worker.clock.advance(200);
  expect((await end).outcome.code).toBe('ok');
  worker.pressure.reading = CALM;
  await worker.clock.advance(8_000);
  expect(worker.count('idle')).toBe(1);
});

test('short of memory, idle sandboxes are stopped, a declared minimum one reading later, and none is started ahead of time', async () => {
  await using worker = new FakeWorker();
  await worker.sandboxes.start();
  worker.sandboxes.warm(worker.version());
  worker.sandboxes.warm(worker.version('honest', { plugin: { pool: poolLimits({ min: 1 }) } }));
  await worker.settle();
  expect(worker.count('idle')).toBe(2);
  worker.pressure.reading = PRESSED.memory;
  await worker.clock.advance(2_000);
  expect(worker.count('idle')).toBe(1);
  await worker.clock.advance(2_000);
  expect(worker.sandboxes.states()).toEqual([]);
  await worker.clock.advance(30_000);
  expect(worker.sandboxes.states()).toEqual([]);
  worker.pressure.reading = CALM;
  await worker.clock.advance(30_000);
  expect(worker.count('idle')).toBeGreaterThanOrEqual(1);
});

test('short of memory, one is started when nothing runs, and the next one only when that has ended', async () => {
  await using worker = await pressed('memory');
  worker.programs.set('hang', HANGING);
  const hanging = worker.version('hang', { limits: { timeoutMs: 20_000 } });
  const ends = [worker.invoke(hanging), worker.invoke(worker.version())];
  await worker.settle();
  await worker.clock.advance(10_000);
  expect([worker.count('busy'), worker.engine.calls.count('startContainer')]).toEqual([1, 1]);
  await worker.clock.advance(12_000);
  expect((await Promise.all(ends)).map(({ outcome }) => outcome.code)).toEqual(['timeout', 'ok']);
});

test('a start that was put off is given up when the host runs short of memory meanwhile', async () => {
  await using worker = await pressed('cpu');
  worker.sandboxes.warm(worker.version());
  await worker.clock.advance(1_000);
  worker.pressure.reading = PRESSED.memory;
  await worker.clock.advance(30_000);
  expect(worker.engine.calls.count('createContainer')).toBe(0);
});

test('disposal waits for no pressure to go', async () => {
  const worker = await pressed('memory');
  worker.programs.set('hang', HANGING);
  void worker.invoke(worker.version('hang'));
  await worker.settle();
  const waiting = worker.invoke(worker.version());
  await worker.settle();
  await worker[Symbol.asyncDispose]();
  expect((await waiting).outcome.code).toBe('cancelled');
  expect([worker.sandboxes.states(), worker.clock.pendingTimers]).toEqual([[], 0]);
});
