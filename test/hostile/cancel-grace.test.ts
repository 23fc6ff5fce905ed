// A cancel in real containers: who cleans up within the grace is seen to have done so, and who minds nothing is dead after it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PluginVersion } from '../../src/core/plugin.ts';
import { until } from '../support/engine/until.ts';
import { WarmStand, type WarmCall } from '../support/sandbox/warm-stand.ts';
import type { StandEnd } from '../support/sandbox/stand.ts';

const UNTOLD = { onLoad: true, onShutdown: true, cancel: false, metadata: false, configUi: false };

/** A call that is cancelled as soon as the plugin says that it is up. */
async function cancelled(call: (changes: WarmCall) => Promise<StandEnd>): Promise<StandEnd> {
  const stop = new AbortController();
  const logs: string[] = [];
  const end = await call({
    stop: stop.signal,
    onLog: ({ message }) => {
      logs.push(message);
      if (message === 'up') stop.abort('cancelled');
    },
  });
  return { ...end, logs: logs.map((message) => ({ level: 'info', message })) };
}

function said({ logs }: StandEnd): readonly string[] {
  return logs.map(({ message }) => message);
}

describe('a plugin that is cancelled', () => {
  let patient: WarmStand;
  let strict: WarmStand;
  beforeAll(async () => {
    // A grace that a plugin on a busy machine can keep, and one that is over soon.
    patient = await WarmStand.open({ graceMs: 120_000 });
    strict = await WarmStand.open({ graceMs: 300 });
  });
  afterAll(async () => {
    for (const { stand } of [patient, strict]) {
      stand.retireAll();
      await until('no sandbox is left', () => stand.sandboxes.states().length === 0);
      expect(await stand.containers()).toEqual([]);
    }
    await patient[Symbol.asyncDispose]();
    await strict[Symbol.asyncDispose]();
  });

  const acting =
    (warm: WarmStand, version: PluginVersion, act: string) =>
    (changes: WarmCall): Promise<StandEnd> =>
      warm.call(version, { act }, changes);

  test.each(['warm', 'fork'] as const)('has its grace to clean up, with reuse: %s', async (reuse) => {
    const end = await cancelled(acting(patient, patient.version(reuse), 'clean_up'));
    expect(end.outcome).toEqual({
      code: 'cancelled',
      message: 'the run was cancelled; the plugin came to an end within its grace',
    });
    expect(said(end)).toEqual(['up', 'cleaned up']);
  });

  test('has it from SIGTERM on when it cannot be told', async () => {
    const version = patient.version('warm', { plugin: { lifecycle: UNTOLD } });
    const end = await cancelled(acting(patient, version, 'clean_up_on_term'));
    expect(end.outcome.message).toContain('came to an end within its grace');
  });

  test('has it from SIGTERM on when it reads one document', async () => {
    const { stand } = patient;
    const steps = [{ step: 'print', text: 'up\n', stream: 'stderr' }, { step: 'hang' }];
    const end = await cancelled((changes) => stand.act(stand.version(), steps, changes));
    expect(end.outcome.message).toContain('came to an end within its grace');
  });

  test.each([
    ['is killed once its grace is over when it minds nothing', {}],
    ['is killed once its grace is over when it cannot be told and minds nothing', { lifecycle: UNTOLD }],
  ])('%s', async (_title, plugin) => {
    const end = await cancelled(acting(strict, strict.version('warm', { plugin }), 'mind_nothing'));
    expect(end.outcome).toEqual({
      code: 'cancelled',
      message: 'the run was cancelled; the plugin was killed after its grace',
    });
    const { stand } = strict;
    await until('its container is gone', () => stand.sandboxes.states().every(({ id }) => id !== end.sandboxId));
  });

  test('is killed once its grace is over when it reads one document and minds nothing', async () => {
    const { stand } = strict;
    const steps = [{ step: 'ignore_term' }, { step: 'print', text: 'up\n', stream: 'stderr' }, { step: 'hang' }];
    const end = await cancelled((changes) => stand.act(stand.version(), steps, changes));
    expect(end.outcome.message).toContain('was killed after its grace');
  });
});
