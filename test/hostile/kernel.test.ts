// Ways to more rights: none of the doors into the kernel is open.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stand } from '../support/sandbox/stand.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await Stand.open();
});
afterAll(async () => {
  await stand[Symbol.asyncDispose]();
});

test('has no rights at all, cannot gain any, and is filtered', async () => {
  const [status] = await stand.see(stand.version(), { step: 'status' });
  expect(status).toMatchObject({ NoNewPrivs: '1', Seccomp: '2' });
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) expect(status?.[set], set).toMatch(/^0+$/);
  expect(status?.['Uid']).toMatch(/^2\d{4}\s/);
  expect(status?.['Gid']).toBe(status?.['Uid']);
  expect(await stand.see(stand.version(), { step: 'setuid_root' })).toMatchObject([{ errno: 'EPERM' }]);
});

test('is refused every dangerous system call', async () => {
  const [calls] = await stand.see(stand.version(), { step: 'syscalls' });
  const errnos = Object.entries(calls ?? {}).filter(([name]) => name !== 'step');
  expect(errnos.length).toBeGreaterThanOrEqual(18);
  expect(errnos.filter(([, errno]) => errno !== 'EPERM')).toEqual([]);
});

test('makes no device', async () => {
  const [seen] = await stand.see(stand.version(), { step: 'try', call: 'mknod', path: '/tmp/null' });
  expect(seen?.['errno']).toBe('EPERM');
});

test('sees no folder of the host, and nothing writable beside /tmp that it could use', async () => {
  const [seen] = await stand.see(stand.version(), { step: 'mounts' });
  const mounts = seen?.['mounts'] as { path: string; type: string; options: string }[];
  const binds = mounts.filter((mount) => !/^(overlay|proc|sysfs|tmpfs|devpts|mqueue|cgroup2?)$/.test(mount.type));
  // The engine itself brings these single files, read-only.
  const ofEngine = ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf', '/usr/sbin/docker-init', '/sbin/docker-init'];
  expect(binds.filter((mount) => !ofEngine.includes(mount.path) || !/^ro(,|$)/.test(mount.options))).toEqual([]);
  const root = mounts.find((mount) => mount.path === '/');
  expect(root?.options).toMatch(/^ro,/);
  const tmp = mounts.find((mount) => mount.path === '/tmp');
  expect(tmp?.options.split(',')).toEqual(expect.arrayContaining(['nosuid', 'nodev', 'noexec']));
});
