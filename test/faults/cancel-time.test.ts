// Plugins that mind no cancel, in real containers, several at once: each is dead after its grace, and how long after it is a figure of the
// suite. Dead is when the engine has told of its exit.
import { expect, test } from 'vitest';
import { until } from '../support/engine/until.ts';
import { reportFigures } from '../support/faults/report-figures.ts';
import { spread } from '../support/faults/spread.ts';
import { SUITE_SIZE } from '../support/faults/suite-size.ts';
import type { StandEnd } from '../support/sandbox/stand.ts';
import { poolLimits } from '../support/sandbox/versions.ts';
import { WarmStand, type WarmCall } from '../support/sandbox/warm-stand.ts';

const GRACE_MS = 300;
const LANES = 3;
const CANCELS_EACH = 30 * SUITE_SIZE.rounds;

type Call = (changes: WarmCall) => Promise<StandEnd>;

test(
  'has a plugin dead after its grace that minds nothing, whatever its protocol',
  { timeout: 1_800_000 },
  async () => {
    await using warm = await WarmStand.open({ graceMs: GRACE_MS });
    const { stand } = warm;
    const pool = poolLimits({ max: LANES });
    const stream = warm.version('warm', { plugin: { pool } });
    const json = stand.version({ plugin: { pool } });
    const steps = [{ step: 'ignore_term' }, { step: 'print', text: 'up\n', stream: 'stderr' }, { step: 'hang' }];
    const figures = {
      stream: await cancelMany((changes) => warm.call(stream, { act: 'mind_nothing' }, changes)),
      json: await cancelMany((changes) => stand.act(json, steps, changes)),
    };
    stand.retireAll();
    await until('no sandbox is left', () => stand.sandboxes.states().length === 0);
    expect(await stand.containers()).toEqual([]);
    await reportFigures('dead after the grace of a cancel', {
      graceMs: GRACE_MS,
      allMs: spread([...figures.stream, ...figures.json]),
      streamMs: spread(figures.stream),
      jsonMs: spread(figures.json),
    });
  },
);

async function cancelMany(call: Call): Promise<readonly number[]> {
  const times: number[] = [];
  const lane = async (): Promise<void> => {
    for (let count = 0; count < CANCELS_EACH / LANES; count += 1) times.push(await cancelOne(call));
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return times;
}

/** From the end of the grace until the plugin is dead, in milliseconds. */
async function cancelOne(call: Call): Promise<number> {
  const stop = new AbortController();
  let stoppedMs = 0;
  const end = await call({
    stop: stop.signal,
    onLog: ({ message }) => {
      if (message !== 'up') return;
      stoppedMs = performance.now();
      stop.abort('cancelled');
    },
  });
  const deadMs = performance.now();
  expect(end.outcome.code).toBe('cancelled');
  expect(end.outcome.message).toContain('was killed after its grace');
  return deadMs - stoppedMs - GRACE_MS;
}
