// Every SDK holds the same conversations in protocol `stream`, as a plain process. /tmp is a folder of the test here: which one
// it is, `initialize` says.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Conversation } from './conversation.ts';
import { isTryable, SDK_LANGUAGES, SdkPlugin } from './sdk-language.ts';

const TIMEOUT = { timeout: 120_000 };
const INITIALIZE = { protocol: '1.0', plugin: { name: 'fixture', version: '1.0.0' }, config: {} };

describe.each(SDK_LANGUAGES.filter(isTryable))('the $name SDK, in a stream,', (language) => {
  let plugin: SdkPlugin;
  let tmp: string;
  beforeAll(() => {
    plugin = new SdkPlugin(language);
    tmp = mkdtempSync(path.join(tmpdir(), 'gantry-sdk-tmp-'));
  }, 300_000);
  afterAll(() => {
    plugin[Symbol.dispose]();
    rmSync(tmp, { recursive: true, force: true });
  });

  /** Starts the plugin and says hello. */
  async function open(params: object = {}): Promise<Conversation> {
    const conversation = new Conversation(plugin.start());
    const concurrency = language.isConcurrent ? 4 : 1;
    const answer = await conversation.ask('initialize', { ...INITIALIZE, tmp, concurrency, ...params });
    expect(answer).toMatchObject({
      jsonrpc: '2.0',
      id: 1,
      result: {
        protocol: '1.0',
        ready: true,
        capabilities: { onLoad: true, onShutdown: true, metadata: true, configUi: true, cancel: language.isConcurrent },
      },
    });
    return conversation;
  }

  it('serves one run after the other, each with its nonce', TIMEOUT, async () => {
    await using host = await open();
    expect(await host.resultOf('object')).toEqual({
      nonce: 'nonce-2',
      status: 'success',
      data: { n: 3, text: 'žluťoučký 🐎' },
    });
    expect(await host.resultOf('nothing')).toEqual({ nonce: 'nonce-3', status: 'success', data: {} });
    expect(await host.resultOf('skip')).toEqual({ nonce: 'nonce-4', status: 'skipped', reason: 'nothing to do' });
    expect(await host.resultOf('other')).toEqual({
      nonce: 'nonce-5',
      status: 'success',
      data: { config: { limit: 3 }, secrets: { TOKEN: 'hush' }, attempt: 1, hook: 'fetch' },
    });
  });

  it('serves on after a failure', TIMEOUT, async () => {
    await using host = await open();
    const failed = { status: 'error', error: { retryable: false } };
    expect(await host.resultOf('throw')).toMatchObject({ ...failed, nonce: 'nonce-2', error: { code: 'exception' } });
    expect(await host.resultOf('not_finite')).toMatchObject({ ...failed, error: { code: 'invalid_result' } });
    expect(await host.resultOf('list')).toMatchObject({ ...failed, error: { code: 'invalid_result' } });
    expect(await host.resultOf('fail')).toEqual({
      nonce: 'nonce-5',
      status: 'error',
      error: { code: 'no_rows', message: 'there are no rows', retryable: true },
    });
    expect(await host.resultOf('object')).toMatchObject({ status: 'success' });
  });

  it('turns prints into log lines and tells what is told', TIMEOUT, async () => {
    await using host = await open();
    expect(await host.resultOf('print')).toMatchObject({ data: { n: 5 } });
    const logging = host.run('log');
    const log = await host.notification('log');
    expect(log).toMatchObject({ jsonrpc: '2.0', params: { level: 'warn', message: 'look' } });
    expect(await host.answerTo(logging)).toMatchObject({ result: { data: { cancelled: false } } });
    await host.resultOf('tell');
    expect(await host.notification('progress')).toMatchObject({ params: { done: 1, total: 2, message: 'half' } });
    expect(await host.notification('metric')).toMatchObject({
      params: { name: 'rows_read', value: 7, labels: { table: 'orders' } },
    });
    host.endInput();
    expect(await host.ended()).toBe(0);
    expect(host.stderr).toMatch(/a stray print/);
    expect(host.unread).toEqual([]);
  });

  it('loads, says what it is, refuses what it does not know, and stops politely', TIMEOUT, async () => {
    await using host = await open();
    expect(await host.ask('on_load', { config: { limit: 3 } })).toMatchObject({ id: 2, result: {} });
    expect(await host.ask('get_metadata')).toMatchObject({ result: { vendor: 'tests' } });
    expect(await host.ask('get_config_ui')).toMatchObject({ result: { type: 'object' } });
    expect(await host.ask('dance')).toMatchObject({ id: 5, error: { code: -32601 } });
    host.notify('later_notification', { any: 'thing' });
    expect(await host.resultOf('object')).toMatchObject({ status: 'success' });
    expect(await host.ask('on_shutdown')).toMatchObject({ id: 7, result: {} });
    expect(await host.ended()).toBe(0);
    expect(host.stderr).toMatch(/loaded[\s\S]*stopping/);
  });

  it('says that it could not load', TIMEOUT, async () => {
    await using host = await open();
    expect(await host.ask('on_load', { config: { broken: true } })).toMatchObject({ error: { code: -32000 } });
  });

  it('refuses a host of another major version', TIMEOUT, async () => {
    await using host = new Conversation(plugin.start());
    const answer = await host.ask('initialize', { ...INITIALIZE, protocol: '2.0' });
    expect(answer).toMatchObject({ id: 1, error: { code: -32000, data: { code: 'unsupported_protocol' } } });
  });

  it('reads every way to write the same request', TIMEOUT, async () => {
    await using host = await open();
    const context = '"cont\\u0065xt" : {"hook":"\\ud83d\\udc0e\\/" ,"data":{ "case":"other", "case":"\\u006fther"}}';
    host.write(
      `\t{"id":77,"method":"run","params":{"invocation":{"nonce":"\\u00e9","attempt":2},"config":{"n":-1.0E+1},${context}},"jsonrpc":"2.0"}\r`,
    );
    const result = { nonce: 'é', status: 'success', data: { config: { n: -10 }, attempt: 2, hook: '🐎/' } };
    expect(await host.answerTo(77)).toMatchObject({ result });
  });

  it('answers a line that is no JSON as an error and reads on', TIMEOUT, async () => {
    await using host = await open();
    host.write('{"jsonrpc":');
    expect(await host.next((message) => message['id'] === null)).toMatchObject({ error: { code: -32700 } });
    expect(await host.resultOf('object')).toMatchObject({ status: 'success' });
  });

  it('empties /tmp before it answers', TIMEOUT, async () => {
    await using host = await open();
    expect(await host.resultOf('leave_file', { folder: tmp })).toMatchObject({ status: 'success' });
    expect(readdirSync(tmp)).toEqual([]);
  });

  it('takes a request and gives a result of a megabyte', TIMEOUT, async () => {
    await using host = await open();
    expect(await host.resultOf('size', { text: 'x'.repeat(1e6) })).toMatchObject({ data: { length: 1e6 } });
    expect(await host.resultOf('big', { length: 1e6 })).toMatchObject({ data: { text: 'x'.repeat(1e6) } });
  });

  it('ends when the host is gone', TIMEOUT, async () => {
    await using host = await open();
    host.endInput();
    expect(await host.ended()).toBe(0);
  });

  if (!language.isConcurrent) return;
  it('cancels the run that is meant, with others at work', TIMEOUT, async () => {
    await using host = await open();
    const [first, second] = [host.run('until_cancelled'), host.run('until_cancelled')];
    const isLog = (id: number) => (message: Readonly<Record<string, unknown>>) =>
      message['method'] === 'log' && (message['params'] as { id?: unknown }).id === id;
    await host.next(isLog(first));
    await host.next(isLog(second));
    host.notify('cancel', { id: second, reason: 'asked', graceMs: 1000 });
    const stopped = { status: 'success', data: { stopped: true } };
    expect(await host.answerTo(second)).toMatchObject({ result: { ...stopped, nonce: `nonce-${String(second)}` } });
    expect(await host.resultOf('object')).toMatchObject({ data: { n: 3 } });
    host.notify('cancel', { id: first, reason: 'asked', graceMs: 1000 });
    expect(await host.answerTo(first)).toMatchObject({ result: { ...stopped, nonce: `nonce-${String(first)}` } });
  });

  it('goes on with others, again and again, while one takes long that came after quick ones', TIMEOUT, async () => {
    await using host = await open();
    for (let round = 0; round < 3; round += 1) {
      for (let count = 0; count < 10; count += 1) await host.resultOf('object');
      const long = host.run('until_cancelled');
      for (let count = 0; count < 3; count += 1)
        expect(await host.resultOf('object')).toMatchObject({ status: 'success' });
      host.notify('cancel', { id: long, reason: 'asked', graceMs: 1000 });
      expect(await host.answerTo(long)).toMatchObject({ result: { data: { stopped: true } } });
    }
  });

  it('answers many runs at once, each whole on a line of its own', TIMEOUT, async () => {
    await using host = await open();
    const runs = Array.from({ length: 8 }, (_, index) => host.run(index % 2 === 0 ? 'big' : 'tell', { length: 3e5 }));
    for (const run of runs) {
      expect(await host.answerTo(run)).toMatchObject({ result: { status: 'success', nonce: `nonce-${String(run)}` } });
    }
  });

  it('cancels the only run, too, where there is never another', TIMEOUT, async () => {
    await using host = await open({ concurrency: 1 });
    const run = host.run('until_cancelled');
    await host.notification('log');
    host.notify('cancel', { id: run, reason: 'asked', graceMs: 1000 });
    expect(await host.answerTo(run)).toMatchObject({ result: { data: { stopped: true } } });
  });
});
