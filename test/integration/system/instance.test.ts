// Proves that one program holds a data folder, and that a killed one leaves no stale lock.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockInstance } from '../../../src/adapters/sqlite/instance-lock.ts';
import {
  announceServer,
  findServer,
  makeDataFolder,
  openInstanceFolder,
} from '../../../src/adapters/system/instance-folder.ts';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import { ConfigSecrets } from '../../../src/config/config-secrets.ts';
import { ROOT } from '../../support/gantry/start-gantry.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-instance-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the instance lock', () => {
  it('is held once at a time and free after its disposal', () => {
    const held = lockInstance(folder);
    expect(() => lockInstance(folder)).toThrow(expect.objectContaining({ code: 'INSTANCE_LOCKED' }) as Error);
    held[Symbol.dispose]();
    using again = lockInstance(folder);
    expect(again).toBeDefined();
  });

  it('is free as soon as its holder was killed', async () => {
    const module = join(ROOT, 'src', 'adapters', 'sqlite', 'instance-lock.ts');
    const script = `import { lockInstance } from ${JSON.stringify(module)};
      globalThis.held = lockInstance(${JSON.stringify(folder)}); console.log('held'); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = once(holder, 'close');
    await once(holder.stdout, 'data');
    expect(() => lockInstance(folder)).toThrow(expect.objectContaining({ code: 'INSTANCE_LOCKED' }) as Error);
    holder.kill('SIGKILL');
    await closed;
    using taken = lockInstance(folder);
    expect(taken).toBeDefined();
  });

  it('says what is wrong with the folder', () => {
    expect(() => lockInstance(join(folder, 'missing'))).toThrow(
      expect.objectContaining({ code: 'STORE_UNAVAILABLE' }) as Error,
    );
  });
});

describe('the instance folder', () => {
  it('has one id, whoever asks for it first', async () => {
    const data = join(folder, 'data');
    await makeDataFolder(data);
    const asked = Array.from({ length: 8 }, () => openInstanceFolder(data, new SystemIds()));
    expect(new Set(await Promise.all(asked)).size).toBe(1);
    expect(await readdir(data)).toEqual(['instance.json']);
  });

  it('keeps its id, and makes a new one when the file is damaged', async () => {
    const data = join(folder, 'data');
    await makeDataFolder(data);
    const id = await openInstanceFolder(data, new SystemIds());
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(await openInstanceFolder(data, new SystemIds())).toBe(id);
    await writeFile(join(data, 'instance.json'), '{"instanceId": "../../x"}');
    expect(await openInstanceFolder(data, new SystemIds())).toMatch(/^[0-9a-f]{32}$/);
  });

  it('tells where its server is for as long as it listens', async () => {
    expect(await findServer(folder)).toBeNull();
    const announced = await announceServer(folder, { url: 'http://127.0.0.1:1', pid: 7 });
    expect(await findServer(folder)).toEqual({ url: 'http://127.0.0.1:1', pid: 7 });
    await announced[Symbol.asyncDispose]();
    expect(await findServer(folder)).toBeNull();
  });
});

describe('secrets of the configuration', () => {
  const signal = new AbortController().signal;

  it('come from the environment first, then from files', async () => {
    await writeFile(join(folder, 'ONE'), 'from-the-file\n');
    await writeFile(join(folder, 'TWO'), 'from-the-file\n');
    const secrets = new ConfigSecrets(folder, { GANTRY_SECRET_ONE: 'from-the-environment' });
    expect(Object.fromEntries(await secrets.read(['ONE', 'TWO'], { signal }))).toEqual({
      ONE: 'from-the-environment',
      TWO: 'from-the-file',
    });
  });

  it('are refused together when one is missing, and never named with a value', async () => {
    await writeFile(join(folder, 'SHORT'), 'tiny');
    const secrets = new ConfigSecrets(folder, {});
    await expect(secrets.read(['A', 'B'], { signal })).rejects.toMatchObject({
      code: 'SECRET_MISSING',
      message: expect.stringContaining('A, B') as string,
    });
    await expect(secrets.read(['SHORT'], { signal })).rejects.toMatchObject({
      code: 'SECRET_INVALID',
      message: expect.not.stringContaining('tiny') as string,
    });
    await expect(secrets.read(['../ONE'], { signal })).rejects.toMatchObject({ code: 'SECRET_MISSING' });
    await chmod(folder, 0o700);
  });
});
