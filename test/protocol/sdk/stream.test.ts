// Every SDK holds the same conversations in protocol `stream`, as a plain process. /tmp is a folder of the test here: which one
// it is, `initialize` says.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Conversation } from './conversation.ts';
import { replayAll } from './replay.ts';
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

  it('holds the golden conversations, and is not led astray by the golden vectors', TIMEOUT, async () => {
    await using host = new Conversation(plugin.start());
    await replayAll(host, language.isConcurrent);
    expect(host.stderr).toMatch(/loaded[\s\S]*a stray print[\s\S]*stopping/);
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
