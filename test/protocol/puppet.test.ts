// The puppet is what the hostile tests believe in, so its own promises are held: the table of its README is complete, and
// what it writes is exact to the byte.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makePuppetFolder, puppetData, type PuppetStep } from '../support/puppet/puppet-folder.ts';

const SOURCE = path.join(import.meta.dirname, '../support/puppet');
const DEADLINE_MS = 100_000;
const folder = mkdtempSync(path.join(tmpdir(), 'gantry-puppet-'));
const puppet = path.join(makePuppetFolder(folder), 'puppet.py');

function tell(...steps: readonly PuppetStep[]) {
  const request = { protocol: '1.0', method: 'run', context: { data: puppetData(...steps) } };
  const input = JSON.stringify(request);
  const { stdout, stderr, status, signal, error } = spawnSync('python3', [puppet], { input, timeout: DEADLINE_MS });
  if (error) throw error;
  return { stdout: stdout.toString('latin1'), stderr: stderr.toString(), status, signal };
}

const PLAIN = '{"status":"success","data":{"seen":[{"step":"sleep"}]}}\n';
const sleep = { step: 'sleep', seconds: 0 };

describe('the puppet', { timeout: DEADLINE_MS }, () => {
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('has every step that its README lists, and lists every step it has', () => {
    const read = (file: string): string => readFileSync(path.join(SOURCE, file), 'utf8');
    const names = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, name = '']) => name);
    const made = [...names(read('puppet.py'), /def do_(\w+)/g), ...names(read('probes.py'), /^ {4}"(\w+)": [a-z]/gm)];
    expect(names(read('README.md'), /^\| `(\w+)`/gm).sort()).toEqual(made.sort());
  });

  it('answers with what its steps saw', () => {
    expect(tell(sleep)).toEqual({ stdout: PLAIN, stderr: '', status: 0, signal: null });
  });

  it.each([
    ['stray text before the result', [{ step: 'print', text: 'hi' }, { step: 'silent' }], 'hi\n'],
    ['bytes as they are', [{ step: 'raw', base64: '/wA=' }], '\u00ff\u0000'],
    [
      'its result twice',
      [sleep, { step: 'second_result' }],
      `${PLAIN}${PLAIN}`.replaceAll('}]', '},{"step":"second_result"}]'),
    ],
    ['any document', [{ step: 'result', document: [1] }], '[1]\n'],
    ['a deep document', [{ step: 'deep_result', depth: 2 }], '{"status":"success","data":{"a":{"a":1}}}\n'],
    ['half a document', [{ step: 'partial_result' }], '{"status": "success",'],
    ['nothing', [{ step: 'close_stdout' }], ''],
  ])('writes %s', (_what, steps, stdout) => {
    expect(tell(...steps)).toMatchObject({ stdout, status: 0 });
  });

  it.each([
    ['big_result', {}],
    ['slow_result', { pieces: 3, seconds: 0 }],
  ])('writes a document of exactly the bytes it was told (%s)', (step, more) => {
    const { stdout } = tell({ step, bytes: 100_000, ...more });
    expect(stdout).toHaveLength(100_000);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'success' });
  });

  it('floods with exactly the bytes it was told', () => {
    expect(tell({ step: 'flood', bytes: 200_001 }, { step: 'silent' }).stdout).toHaveLength(200_001);
  });

  it('ends as it was told', () => {
    expect(tell({ step: 'exit', code: 7 })).toMatchObject({ stdout: '', status: 7 });
    expect(tell(sleep, { step: 'exit_after', code: 3 })).toMatchObject({ status: 3 });
    expect(tell({ step: 'signal', name: 'SIGSEGV' })).toMatchObject({ stdout: '', signal: 'SIGSEGV' });
    expect(tell({ step: 'raise', message: 'boom' })).toMatchObject({ stdout: '', status: 1 });
    expect(tell({ step: 'error', retryable: true })).toMatchObject({ status: 1 });
  });
});
