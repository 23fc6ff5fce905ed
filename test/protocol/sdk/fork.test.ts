// The zygote of the Python SDK: every run is a process of its own, nothing of which is left when its answer is there.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Conversation } from './conversation.ts';
import { SDK_LANGUAGES, SdkPlugin } from './sdk-language.ts';

const TIMEOUT = { timeout: 120_000 };

describe('the python SDK, as a zygote,', () => {
  let plugin: SdkPlugin;
  let tmp: string;
  beforeAll(() => {
    const [python] = SDK_LANGUAGES;
    if (python?.name !== 'python') throw new Error('no python in the table');
    plugin = new SdkPlugin(python);
    tmp = mkdtempSync(path.join(tmpdir(), 'gantry-sdk-tmp-'));
  });
  afterAll(() => {
    plugin[Symbol.dispose]();
    rmSync(tmp, { recursive: true, force: true });
  });

  async function open(): Promise<Conversation> {
    const conversation = new Conversation(plugin.start());
    const params = { protocol: '1.0', plugin: { name: 'fixture', version: '1.0.0' }, config: {}, reuse: 'fork', tmp };
    const answer = await conversation.ask('initialize', params);
    expect(answer).toMatchObject({ result: { capabilities: { reuse: ['warm', 'fork'] } } });
    return conversation;
  }

  it('hides what one run set from the next', TIMEOUT, async () => {
    await using host = await open();
    expect(await host.ask('on_load', { config: {} })).toMatchObject({ result: {} });
    expect(await host.resultOf('keep')).toMatchObject({ data: { kept: 1 } });
    expect(await host.resultOf('keep')).toMatchObject({ data: { kept: 1 } });
  });

  it('ends what a run leaves running, and empties /tmp before it answers', TIMEOUT, async () => {
    await using host = await open();
    const left = (await host.resultOf('leave_process')) as { data: { group: number } };
    // Only the first process of a sandbox can also wait for their end; here, being killed takes them a moment.
    await expect.poll(() => processesOf(left.data.group), { timeout: 100_000 }).toEqual([]);
    expect(await host.resultOf('leave_file', { folder: tmp })).toMatchObject({ status: 'success' });
    expect(readdirSync(tmp)).toEqual([]);
  });

  it('answers for a run that dies, and serves on', TIMEOUT, async () => {
    await using host = await open();
    const dead = { nonce: 'nonce-2', status: 'error', error: { code: 'crash', retryable: true } };
    expect(await host.resultOf('die')).toMatchObject(dead);
    expect(await host.resultOf('exit')).toMatchObject({ error: { code: 'early_exit' } });
    expect(await host.resultOf('object')).toMatchObject({ status: 'success', nonce: 'nonce-4' });
  });

  it('passes on what a run tells and that it is cancelled', TIMEOUT, async () => {
    await using host = await open();
    const run = host.run('until_cancelled');
    expect(await host.notification('log')).toMatchObject({ params: { id: run, message: 'waiting' } });
    host.notify('cancel', { id: run, reason: 'asked', graceMs: 1000 });
    expect(await host.answerTo(run)).toMatchObject({ result: { data: { stopped: true } } });
  });

  it('serves requests in their order, also those that came during a run', TIMEOUT, async () => {
    await using host = await open();
    const runs = [host.run('keep'), host.run('object'), host.run('skip')];
    const metadata = host.request('get_metadata');
    for (const id of [...runs, metadata]) {
      expect(await host.next((message) => !('method' in message))).toMatchObject({ id });
    }
    host.endInput();
    expect(await host.ended()).toBe(0);
  });
});

/** Live processes of the group. */
function processesOf(group: number): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const [state, , processGroup] = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return Number(processGroup) === group && state !== 'Z';
    } catch {
      return false; // it has ended meanwhile
    }
  });
}
