// The reading of cgroup files in every layout that engines make, over folders that look like /sys/fs/cgroup.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CgroupUsageMeter } from '../../../src/adapters/system/cgroup-usage-meter.ts';

const ID = 'a1'.repeat(32);
let root = '';
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'gantry-cgroup-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function lay(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(path.join(root, folder), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(root, folder, name), text);
}

function layUnified(folder: string): void {
  lay('.', { 'cgroup.controllers': 'cpu memory pids\n' });
  lay(folder, {
    'cpu.stat': 'usage_usec 2500\nuser_usec 1\nthrottled_usec 7000\n',
    'memory.current': '4096\n',
    'memory.peak': '8192\n',
    'memory.stat': 'anon 1024\nfile_shmem 9\nshmem 2048\nshmem_thp 0\n',
    'memory.events': 'low 0\nmax 3\noom 2\noom_kill 1\n',
    'pids.current': '3\n',
    'pids.events': 'max 5\n',
    'cgroup.procs': '11\n12\n',
  });
}

function laySplit(folder: string): void {
  lay(path.join('cpuacct', folder), { 'cpuacct.usage': '2500000\n' });
  lay(path.join('cpu', folder), { 'cpu.stat': 'nr_periods 1\nnr_throttled 1\nthrottled_time 7000000\n' });
  lay(path.join('memory', folder), {
    'memory.usage_in_bytes': '4096\n',
    'memory.max_usage_in_bytes': '8192\n',
    'memory.stat': 'cache 1\nrss 1024\nshmem 2048\ntotal_shmem 4096\n',
    'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n',
  });
  lay(path.join('pids', folder), { 'pids.current': '3\n', 'pids.events': 'max 5\n', 'cgroup.procs': '11\n12\n' });
}

const USAGE = {
  cpuTimeMs: 2.5,
  memoryBytes: 4_096,
  memoryPeakBytes: 8_192,
  anonBytes: 1_024,
  shmemBytes: 2_048,
  pids: 3,
  oomKills: 1,
  throttledMs: 7,
  pidsRefused: 5,
};

test.each([`docker/${ID}`, `system.slice/docker-${ID}.scope`, ID, `outer/nested/docker/${ID}`])(
  'reads version 2 at %s',
  async (folder) => {
    layUnified(folder);
    expect(await new CgroupUsageMeter(root).read(ID)).toEqual(USAGE);
  },
);

test.each([`docker/${ID}`, `system.slice/docker-${ID}.scope`, `own-parent/${ID}`])(
  'reads version 1 at %s',
  async (folder) => {
    laySplit(folder);
    expect(await new CgroupUsageMeter(root).read(ID)).toEqual(USAGE);
  },
);

test('finds the next container in the same layout, also when the first ones looked for were not there', async () => {
  layUnified(`deep/er/${ID}`);
  layUnified(`deep/er/${'b2'.repeat(32)}`);
  const meter = new CgroupUsageMeter(root);
  for (const id of ['e5'.repeat(32), 'f6'.repeat(32)]) expect(await meter.read(id)).toBeNull();
  for (const id of [ID, 'b2'.repeat(32)]) expect(await meter.read(id)).toEqual(USAGE);
});

test('gives up searching everywhere when nothing is ever found, not looking in the usual places', async () => {
  layUnified(`deep/er/${'b2'.repeat(32)}`);
  const meter = new CgroupUsageMeter(root);
  for (let count = 0; count < 5; count += 1) expect(await meter.read(ID)).toBeNull();
  expect(await meter.read('b2'.repeat(32))).toBeNull();
  layUnified(`docker/${ID}`);
  expect(await meter.read(ID)).toEqual(USAGE);
});

test('says null for a field that this kernel does not have', async () => {
  layUnified(`docker/${ID}`);
  rmSync(path.join(root, 'docker', ID, 'memory.peak'));
  rmSync(path.join(root, 'docker', ID, 'pids.events'));
  const usage = await new CgroupUsageMeter(root).read(ID);
  expect(usage).toEqual({ ...USAGE, memoryPeakBytes: null, pidsRefused: null });
});

test('says null for a container that is not here, again and again, and for what is no id', async () => {
  layUnified(`docker/${ID}`);
  const meter = new CgroupUsageMeter(root);
  expect(await meter.read('d4'.repeat(32))).toBeNull();
  expect(await meter.read('d4'.repeat(32))).toBeNull();
  expect(await meter.read('../../etc')).toBeNull();
  expect(await new CgroupUsageMeter(path.join(root, 'absent')).read(ID)).toBeNull();
});

test('says null once the container has ended', async () => {
  layUnified(`docker/${ID}`);
  const meter = new CgroupUsageMeter(root);
  await meter.read(ID);
  rmSync(path.join(root, 'docker', ID), { recursive: true });
  expect(await meter.read(ID)).toBeNull();
});

test("reads the host's count of kills for memory, and says null where there is none", () => {
  lay('proc', { vmstat: 'pgfault 5\noom_kill 53\nnuma_hit 2\n' });
  lay('bare', { vmstat: 'pgfault 5\n' });
  const countIn = (proc: string): number | null => new CgroupUsageMeter(root, path.join(root, proc)).hostOomKills();
  expect([countIn('proc'), countIn('bare'), countIn('absent')]).toEqual([53, null, null]);
});

test.each([layUnified, laySplit])('holds the files of one container open and reads them at once', async (layFiles) => {
  layFiles(`docker/${ID}`);
  using gauge = await new CgroupUsageMeter(root).open(ID);
  expect(gauge?.read()).toEqual(USAGE);
  expect(gauge?.read()).toEqual(USAGE);
  expect(gauge?.countProcesses()).toBe(2);
  gauge?.[Symbol.dispose]();
  expect(gauge?.countProcesses()).toBeNull();
  expect(gauge?.read()).toBeNull();
  expect(await new CgroupUsageMeter(root).open('b2'.repeat(32))).toBeNull();
});

test.each([layUnified, laySplit])(
  'takes rare counters from the last reading, and leaves out what memory is made of, when asked to be quick',
  async (layFiles) => {
    layFiles(`docker/${ID}`);
    using gauge = await new CgroupUsageMeter(root).open(ID);
    if (gauge === null) throw new Error('no gauge');
    const rare = { oomKills: 7, throttledMs: 8, pidsRefused: 9 };
    const last = { ...USAGE, ...rare, cpuTimeMs: 1, memoryBytes: 5_000_000, anonBytes: 1 };
    expect(gauge.readBeside(last)).toEqual({ ...USAGE, ...rare, anonBytes: null, shmemBytes: null });
    gauge[Symbol.dispose]();
    expect(gauge.readBeside(last)).toBeNull();
  },
);
