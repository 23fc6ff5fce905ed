// Proves the order of precedence, and that every problem is told at once with its place.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, type LoadedConfig } from '../../../src/config/load-config.ts';
import { SETTINGS } from '../../../src/config/settings.ts';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function load(
  text: string,
  environment: Record<string, string> = {},
  flags: Record<string, string> = {},
): Promise<LoadedConfig> {
  const file = join(folder, 'system.yaml');
  await writeFile(file, text);
  return await loadConfig(folder, { GANTRY_CONFIG: file, ...environment }, new Map(Object.entries(flags)));
}

async function problemsOf(promise: Promise<unknown>): Promise<readonly string[]> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof GantryError)) throw new Error(`not refused: ${String(error)}`);
  return error.problems.map(({ line, column, message }) => `${String(line)}:${String(column)} ${message}`);
}

describe('loading the configuration', () => {
  it('refuses a worker that would be taken for dead between two beats', async () => {
    expect(await problemsOf(load('runs: {heartbeat: 10s, deadAfter: 19s}'))).toEqual([
      '1:35 runs.deadAfter must be at least twice runs.heartbeat',
    ]);
    expect(await problemsOf(load('', { GANTRY_RUNS_DEAD_AFTER: '2s' }))).toHaveLength(1);
    expect((await load('runs: {heartbeat: 10s, deadAfter: 20s}')).config.runs.deadAfter).toBe(20_000);
  });

  it('takes defaults < file < environment < flag', async () => {
    expect((await load('')).config.web.port).toBe(8080);
    expect((await load('web: {port: 1}')).config.web.port).toBe(1);
    expect((await load('web: {port: 1}', { GANTRY_WEB_PORT: '2' })).config.web.port).toBe(2);
    expect((await load('web: {port: 1}', { GANTRY_WEB_PORT: '2' }, { 'web.port': '3' })).config.web.port).toBe(3);
  });

  it('reads durations, sizes, lists and booleans from the environment', async () => {
    const { config } = await load('', {
      GANTRY_RUNS_GRACE: '2m',
      GANTRY_BUILD_MEMORY: '512Mi',
      GANTRY_WEB_ALLOWED_HOSTS: 'one.example,two.example',
      GANTRY_BUILD_ALLOW_NETWORK: 'false',
    });
    expect(config.runs.grace).toBe(120_000);
    expect(config.build.memory).toBe(512 * 1024 ** 2);
    expect(config.web.allowedHosts).toEqual(['one.example', 'two.example']);
    expect(config.build.allowNetwork).toBe(false);
  });

  it('reads a value from the file that a …_FILE variable names, and never prints a secret', async () => {
    const file = join(folder, 'uri');
    await writeFile(file, 'mongodb://user:secretsecret@127.0.0.1/\n');
    const { config } = await load('', { GANTRY_STORE_URI_FILE: file });
    expect(config.store.uri.reveal()).toBe('mongodb://user:secretsecret@127.0.0.1/');
    expect(JSON.stringify(config) + String(config.store.uri)).not.toContain('secretsecret');
  });

  it('tells every problem at once, each with line and column', async () => {
    const text = 'web:\n  prot: 1\n  port: 70000\nruns:\n  grace: 3 years\nnonsense: 1\n';
    expect(await problemsOf(load(text))).toEqual([
      '2:3 unknown key web.prot; did you mean "port"?',
      '3:9 web.port is above its greatest value or length 65535',
      expect.stringContaining('5:10 runs.grace is no duration from 0ms to 10m'),
      '6:1 unknown key nonsense',
    ]);
  });

  it.each([
    ['GANTRY_WEB_PROT', '1', /unknown environment variable GANTRY_WEB_PROT; did you mean GANTRY_WEB_PORT/],
    ['GANTRY_WEB_PORT', 'many', /web\.port/],
    ['GANTRY_ROLE', 'wroker', /no role is called "wroker"; did you mean worker\?/],
    ['GANTRY_ROLE', 'server', /the role server needs a MongoDB to share: set store\.uri/],
    ['GANTRY_STORE_URI_FILE', '/does/not/exist', /no such file/],
  ])('refuses %s=%s', async (name, value, message) => {
    expect((await problemsOf(load('', { [name]: value }))).join()).toMatch(message);
  });

  it.each([
    ['web: [', 'CONFIG_SYNTAX'],
    ['web: 1', 'CONFIG_INVALID'],
    ['- 1', 'CONFIG_INVALID'],
    ['web: {port: 1, port: 2}', 'CONFIG_SYNTAX'],
    ['a: &a 1\nb: *a', 'CONFIG_SYNTAX'],
  ])('refuses %j as %s', async (text, code) => {
    await expect(load(text)).rejects.toMatchObject({ code });
  });

  it('says which file is missing', async () => {
    await expect(loadConfig(folder, { GANTRY_CONFIG: 'nowhere.yaml' })).rejects.toMatchObject({
      code: 'CONFIG_NOT_FOUND',
      message: expect.stringContaining('nowhere.yaml') as string,
    });
  });

  it('describes every key', () => {
    for (const { path, schema } of SETTINGS) expect(schema.description, path.join('.')).toBeTruthy();
  });
});
