// Filling the one writable place, and looking for another.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stand } from '../support/sandbox/stand.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await Stand.open();
});
afterAll(async () => {
  await stand[Symbol.asyncDispose]();
});

const MiB = 1024 * 1024;

test('fills /tmp to the last byte of its limit and no further', async () => {
  const version = stand.version({ limits: { tmpBytes: MiB } });
  expect(await stand.see(version, { step: 'write', path: '/tmp/x', bytes: 3 * MiB })).toMatchObject([
    { bytes: MiB, errno: 'ENOSPC' },
  ]);
});

test('makes no more files than /tmp has inodes', async () => {
  const version = stand.version({ limits: { tmpBytes: MiB } });
  // 256 inodes: the root of /tmp and the folder take one each.
  expect(await stand.see(version, { step: 'files', path: '/tmp/many', count: 10_000 })).toMatchObject([
    { count: 254, errno: 'ENOSPC' },
  ]);
});

test('writes nowhere else', async () => {
  const places = ['/x', '/etc/x', '/plugin/x', '/var/x', '/usr/x', '/root/x', '/home/x', '/run/x', '/opt/x'];
  const steps = places.map((path) => ({ step: 'try', call: 'write', path }));
  for (const seen of await stand.see(stand.version(), ...steps))
    expect(['EROFS', 'EACCES', 'ENOENT']).toContain(seen['errno']);
  for (const path of ['/dev/x', '/dev/shm/x', '/sys/x', '/proc/sys/kernel/core_pattern', '/dev/mqueue/x']) {
    const [seen] = await stand.see(stand.version(), { step: 'try', call: 'write', path });
    expect(seen?.['errno'], path).not.toBeNull();
  }
});

test('starts no program from /tmp', async () => {
  expect(await stand.see(stand.version(), { step: 'exec_tmp' })).toMatchObject([{ errno: 'EACCES' }]);
});
