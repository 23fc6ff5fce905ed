// Folders of the misbehaving plugin: one per fault, which the manifest's command names, so that all of them are one layer of one image.
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Planted {
  /** first argument of misbehaving.py */
  readonly fault: string;
  readonly protocol: 'json' | 'stream';
  /** of `stream`; warm unless given */
  readonly reuse?: 'never' | 'warm';
  /** invocations at once; 1 unless given */
  readonly concurrency?: number;
  /** a minute unless given: a slow machine must not be taken for the fault */
  readonly timeout?: string;
}

const PROGRAM = join(import.meta.dirname, 'misbehaving.py');

/** Makes the folder; disposing removes it. */
export async function misbehavingFolder(planted: Planted): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'gantry-misbehaving-'));
  await mkdir(join(path, 'fixtures'));
  await copyFile(PROGRAM, join(path, 'misbehaving.py'));
  await writeFile(join(path, 'plugin.yaml'), manifestOf(planted));
  await writeFile(join(path, '.dockerignore'), 'fixtures\n');
  const usual = { data: { n: 21 }, expect: { data: { doubled: 42 } } };
  await writeFile(join(path, 'fixtures', 'usual.json'), JSON.stringify(usual));
  if (planted.protocol === 'stream')
    await writeFile(join(path, 'fixtures', 'slow.json'), JSON.stringify({ data: { slow: true, n: 1 }, cancel: true }));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

function manifestOf({ fault, protocol, reuse = 'warm', concurrency = 1, timeout = '60s' }: Planted): string {
  return [
    'apiVersion: gantry/v1',
    'name: misbehaving',
    'version: 1.0.0',
    'hooks: [act]',
    'runtime: python',
    `command: [python3, misbehaving.py, ${fault}, ${protocol}]`,
    `protocol: ${protocol}`,
    ...(protocol === 'stream' ? [`reuse: ${reuse}`, `concurrency: ${String(concurrency)}`] : []),
    'config: { schema: { type: object, properties: { limit: { type: integer } } } }',
    `limits: { memory: 64Mi, logs: 64Ki, cpuTime: 60s, timeout: ${timeout} }`,
    '',
  ].join('\n');
}
