// Ways out: there is no route, no device and no door to another machine or to the engine.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stand } from '../support/sandbox/stand.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await Stand.open();
});
afterAll(async () => {
  await stand[Symbol.asyncDispose]();
});

test('sees the loopback interface only, and no route', async () => {
  expect(await stand.see(stand.version(), { step: 'network' })).toMatchObject([{ interfaces: ['lo'], routes: [] }]);
});

test('reaches nothing of the host over loopback', async () => {
  expect(await stand.see(stand.version(), { step: 'connect', port: 9 })).toMatchObject([{ errno: 'ECONNREFUSED' }]);
});

test('has a loopback of its own, also by name', async () => {
  const own_name = expect.stringMatching(/^127\./) as unknown;
  expect(await stand.see(stand.version(), { step: 'loopback' })).toMatchObject([{ heard: 'hello', own_name }]);
});

test('opens sockets of ordinary families only', async () => {
  const [sockets] = await stand.see(stand.version(), { step: 'sockets' });
  expect(sockets).toMatchObject({ UNIX: null, NETLINK: null, PACKET: 'EPERM', ALG: 'EPERM', VSOCK: 'EPERM' });
});

test('finds no socket of the engine', async () => {
  for (const path of ['/var/run/docker.sock', '/run/docker.sock', '/run/containerd/containerd.sock'])
    expect(await stand.see(stand.version(), { step: 'try', call: 'read', path })).toMatchObject([{ errno: 'ENOENT' }]);
});
