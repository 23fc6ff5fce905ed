// Host services in the SDKs that have them: what they ask, what they make of answers and refusals, alone, many at once, and in a forked child.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Conversation } from './conversation.ts';
import { HostDesk, refusal } from './host-desk.ts';
import { isTryable, SDK_LANGUAGES, SdkPlugin } from './sdk-language.ts';

const TIMEOUT = { timeout: 120_000 };
const INITIALIZE = { protocol: '1.0', plugin: { name: 'fixture', version: '1.0.0' }, config: {}, tmp: null };

const MODES = [
  { name: 'one run at a time', params: { concurrency: 1 } },
  { name: 'several runs at once', params: { concurrency: 4 } },
  { name: 'a process per run', params: { reuse: 'fork' }, only: 'python' },
];

describe.each(SDK_LANGUAGES.filter((language) => language.hasServices === true && isTryable(language)))(
  'the $name SDK',
  (language) => {
    let plugin: SdkPlugin;
    beforeAll(() => {
      plugin = new SdkPlugin(language);
    }, 300_000);
    afterAll(() => {
      plugin[Symbol.dispose]();
    });

    describe.each(MODES.filter(({ only = language.name }) => only === language.name))('with $name', ({ params }) => {
      async function open(): Promise<Conversation> {
        const conversation = new Conversation(plugin.start());
        await conversation.ask('initialize', { ...INITIALIZE, ...params });
        return conversation;
      }

      it('asks for state, and gives what it was given', TIMEOUT, async () => {
        await using host = await open();
        const desk = new HostDesk();
        const run = host.run('state');
        expect(await desk.serve(host, run)).toMatchObject({
          status: 'success',
          data: { value: { n: 1 }, none: null, deleted: true, keys: [], next: null },
        });
        const asked = desk.seen.map(({ method, params: given }) => [method, given]);
        expect(asked).toMatchObject([
          ['state.set', { id: run, key: 'k', value: { n: 1 } }],
          ['state.get', { id: run, key: 'k' }],
          ['state.get', { id: run, key: 'absent' }],
          ['state.delete', { id: run, key: 'k' }],
          ['state.list', { id: run, prefix: 'k', limit: 1 }],
        ]);
        expect(asked[0]?.[1]).not.toHaveProperty('ifVersion');
      });

      it('counts although others count, too', TIMEOUT, async () => {
        await using host = await open();
        const desk = new HostDesk();
        desk.rivals = 2;
        expect(await desk.serve(host, host.run('count'))).toMatchObject({ data: { count: 21 } });
        expect(await desk.serve(host, host.run('count'))).toMatchObject({ data: { count: 22 } });
        expect(desk.entries.get('count')?.value).toBe(22);
      });

      it('puts artifacts in pieces and gets them whole', TIMEOUT, async () => {
        await using host = await open();
        const desk = new HostDesk();
        expect(await desk.serve(host, host.run('artifact', { length: 500_000 }))).toMatchObject({
          status: 'success',
          data: { size: 500_000, same: true, empty: 0 },
        });
        const puts = desk.seen.filter(({ method }) => method === 'artifact.put').map(({ params: given }) => given);
        expect(puts.length).toBeGreaterThan(3);
        expect(puts[0]).toMatchObject({ name: 'bytes', contentType: 'text/plain', last: false });
        expect(desk.files.get('bytes')?.toString()).toBe('0123456789'.repeat(50_000));
      });

      it('makes a refusal an error of its own code', TIMEOUT, async () => {
        await using host = await open();
        const run = host.run('state');
        const asked = await host.notification('state.set');
        host.write(JSON.stringify({ jsonrpc: '2.0', id: asked['id'], ...refusal('NOT_DECLARED') }));
        expect(await host.answerTo(run)).toMatchObject({
          result: { status: 'error', error: { code: 'NOT_DECLARED', retryable: false } },
        });
        expect(await host.resultOf('object')).toMatchObject({ status: 'success' });
      });

      it('hears a cancel while it waits for an answer', TIMEOUT, async () => {
        await using host = await open();
        const run = host.run('count');
        const asked = await host.notification('state.get');
        host.notify('cancel', { id: run, reason: 'asked', graceMs: 1000 });
        host.write(JSON.stringify({ jsonrpc: '2.0', id: asked['id'], result: { value: 1, version: 'a' } }));
        const set = await host.notification('state.set');
        host.write(JSON.stringify({ jsonrpc: '2.0', id: set['id'], result: { version: 'b' } }));
        expect(await host.answerTo(run)).toMatchObject({ result: { data: { count: 2 } } });
      });
    });
  },
);
