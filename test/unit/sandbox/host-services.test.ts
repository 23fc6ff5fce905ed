// Requests of a plugin on their way to the host services of its invocation and back, over the fake engine.
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import type { HostAnswer, InvocationServices } from '../../../src/core/ports/host-services.ts';
import type { InvocationEnd, InvocationRequest } from '../../../src/core/ports/invoker.ts';
import { FakeWorker } from '../../support/sandbox/fake-worker.ts';
import { streamProgram, type StreamRunCall } from '../../support/sandbox/stream-program.ts';

type Perform = InvocationServices['perform'];

/** A plugin that asks with each run, and, if told so, gives the answer as its result. */
function asker(worker: FakeWorker, isPatient: boolean): (perform: Perform | null) => Promise<InvocationEnd> {
  let current: StreamRunCall | null = null;
  const program = streamProgram({
    acts: {
      ask: async (run) => {
        current = run;
        await run.say({ id: `s${String(run.count)}`, method: 'state.get', params: { id: run.id, key: 'k' } });
        return isPatient ? null : { asked: true };
      },
    },
    onAnswer: (answer) => {
      const { result = null, error = null } = answer;
      if (isPatient)
        void current?.say({
          id: current.id,
          result: { nonce: current.nonce, status: 'success', data: { result, error } },
        });
    },
  });
  worker.programs.set('stream', program);
  const version = worker.version('stream', { plugin: { protocol: 'stream', reuse: 'warm', services: ['state'] } });
  return (perform) => {
    const services =
      perform === null
        ? {}
        : { services: { perform, keep: () => Promise.resolve(null), [Symbol.dispose]: () => undefined } };
    const input = Buffer.from(JSON.stringify({ act: 'ask', invocation: { nonce: 'abc' } }));
    return worker.invoke(version, { nonce: 'abc', input, ...services } satisfies Partial<InvocationRequest>);
  };
}

describe('host services of an invocation', () => {
  test('are asked with what the plugin gave, and their answer goes back to it', async () => {
    await using worker = new FakeWorker();
    const asked: [string, JsonObject][] = [];
    const invoke = asker(worker, true);
    const perform: Perform = (method, params) => {
      asked.push([method, params]);
      return Promise.resolve({ kind: 'result', result: { value: asked.length, version: 'v' } });
    };
    expect((await invoke(perform)).result).toEqual({ result: { value: 1, version: 'v' }, error: null });
    expect((await invoke(perform)).result).toEqual({ result: { value: 2, version: 'v' }, error: null });
    expect(asked.map(([method, { key = null }]) => [method, key])).toEqual([
      ['state.get', 'k'],
      ['state.get', 'k'],
    ]);
  });

  test('are told when their run has ended, and what they answer then goes nowhere', async () => {
    await using worker = new FakeWorker();
    const invoke = asker(worker, false);
    const late = Promise.withResolvers<HostAnswer>();
    const signals: AbortSignal[] = [];
    const perform: Perform = (_method, _params, signal) => {
      signals.push(signal);
      return late.promise;
    };
    expect((await invoke(perform)).outcome.code).toBe('ok');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    late.resolve({ kind: 'result', result: 'late' });
    const end = await invoke(perform);
    expect(end).toMatchObject({ outcome: { code: 'ok' }, sandboxKind: 'warm' });
  });

  test('that nobody offers are refused, and the plugin goes on', async () => {
    await using worker = new FakeWorker();
    const end = await asker(worker, true)(null);
    expect(end.result).toMatchObject({ error: { code: -32_000, data: { code: 'UNAVAILABLE' } } });
  });
});
