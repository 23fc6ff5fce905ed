// What was made is compared with what was asked: the engine and the image may not slip anything in or out.
import { expect, test } from 'vitest';
import { formatId } from '../../../src/core/ids.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { compareSpec } from '../../../src/sandbox/container/compare-spec.ts';
import { containerSpec } from '../../../src/sandbox/container/container-spec.ts';
import { asEngineShows } from '../../support/sandbox/fake-worker.ts';
import { pluginVersion } from '../../support/sandbox/versions.ts';

const random = new Uint8Array(10);
const settings = { instanceId: 'here', workerId: formatId('wrk', 1, random), hasAppArmor: false };
const spec = containerSpec(pluginVersion(), settings, 1, formatId('sbx', 1, random));

const onPipes = containerSpec(pluginVersion(), settings, 1, formatId('sbx', 1, random), '/data/runtime/sbx');
const PIPES_MOUNT = {
  Type: 'bind',
  Source: '/data/runtime/sbx',
  Destination: '/gantry/io',
  Mode: '',
  RW: false,
  Propagation: 'private',
};

function made(
  change: (config: JsonObject, host: JsonObject, body: JsonObject) => void = () => undefined,
  asked = spec,
): readonly string[] {
  const { HostConfig, ...config } = structuredClone(asked.body);
  const mounts = asked === onPipes ? [PIPES_MOUNT] : [];
  const body = asEngineShows({ Config: config, HostConfig: HostConfig ?? {}, Mounts: structuredClone(mounts) });
  change(body['Config'] as JsonObject, body['HostConfig'] as JsonObject, body);
  return compareSpec(asked, { id: 'x', isRunning: false, isOomKilled: false, exitCode: 0, pid: 0, body });
}

test('accepts what was asked, with the engine’s ways of writing nothing', () => {
  expect(made()).toEqual([]);
  expect(
    made((config, host) => {
      config['Domainname'] = null;
      config['ExposedPorts'] = {};
      (config['Env'] as string[]).push('LANG=C.UTF-8');
      (config['Labels'] as JsonObject)['from.the.image'] = 'x';
      host['CapAdd'] = null;
      host['Binds'] = null;
      host['Privileged'] = false;
      host['GroupAdd'] = [];
      host['AutoRemove'] = null;
      (host['Ulimits'] as JsonObject[]).reverse();
    }),
  ).toEqual([]);
});

test('accepts an engine without swap accounting, whose memory limit holds all the same', () => {
  expect(made((_config, host) => (host['MemorySwap'] = -1))).toEqual([]);
});

test.each<[string, (config: JsonObject, host: JsonObject, body: JsonObject) => void]>([
  ['HostConfig.PidsLimit', (_config, host) => (host['PidsLimit'] = 0)],
  ['HostConfig.PidsLimit', (_config, host) => delete host['PidsLimit']],
  ['HostConfig.Memory', (_config, host) => (host['Memory'] = 0)],
  ['HostConfig.MemorySwap', (_config, host) => (host['MemorySwap'] = 2 ** 40)],
  ['HostConfig.NetworkMode', (_config, host) => (host['NetworkMode'] = 'bridge')],
  ['HostConfig.ReadonlyRootfs', (_config, host) => (host['ReadonlyRootfs'] = false)],
  ['HostConfig.CapDrop', (_config, host) => (host['CapDrop'] = [])],
  ['HostConfig.SecurityOpt', (_config, host) => (host['SecurityOpt'] as string[]).pop()],
  ['HostConfig.Ulimits', (_config, host) => (host['Ulimits'] as JsonObject[]).pop()],
  ['HostConfig.Tmpfs', (_config, host) => (host['Tmpfs'] = { '/tmp': 'rw' })],
  ['HostConfig.Privileged', (_config, host) => (host['Privileged'] = true)],
  ['HostConfig.Binds', (_config, host) => (host['Binds'] = ['/:/host'])],
  ['HostConfig.CapAdd', (_config, host) => (host['CapAdd'] = ['SYS_ADMIN'])],
  ['HostConfig.PidMode', (_config, host) => (host['PidMode'] = 'host')],
  ['HostConfig.MaskedPaths', (_config, host) => (host['MaskedPaths'] = [])],
  ['HostConfig.Init', (_config, host) => (host['Init'] = null)],
  ['NetworkDisabled', (config) => delete config['NetworkDisabled']],
  ['User', (config) => (config['User'] = '')],
  ['Healthcheck', (config) => (config['Healthcheck'] = { Test: ['CMD', 'x'] })],
  ['StopSignal', (config) => (config['StopSignal'] = 'SIGCONT')],
  ['StdinOnce', (config) => (config['StdinOnce'] = false)],
  ['Entrypoint', (config) => (config['Entrypoint'] = ['/other'])],
  ['Env', (config) => (config['Env'] as string[]).push('LD_PRELOAD=/x.so')],
  ['Env', (config) => (config['Env'] as string[]).pop()],
  ['Labels.io.gantry.owner', (config) => delete (config['Labels'] as JsonObject)['io.gantry.owner']],
  ['HostConfig.Mounts', (_config, host) => (host['Mounts'] = [{ Type: 'bind', Source: '/', Target: '/host' }])],
  ['Mounts', (_config, _host, body) => (body['Mounts'] = [{ Type: 'volume', Destination: '/data' }])],
  ['Image', (_config, _host, body) => (body['Image'] = 'sha256:other')],
])('names %s when it differs', (field, change) => {
  const differences = made(change);
  expect(differences).toHaveLength(1);
  expect(differences[0]).toMatch(new RegExp(`^${field} `));
});

test('accepts the mount of the named pipes as the engine shows it', () => {
  expect(made(undefined, onPipes)).toEqual([]);
  expect(made((_config, _host, body) => delete (body['Mounts'] as JsonObject[])[0]?.['Mode'], onPipes)).toEqual([]);
});

const mountOf = (body: JsonObject): JsonObject => (body['Mounts'] as JsonObject[])[0] ?? {};
const askedMount = (host: JsonObject): JsonObject => (host['Mounts'] as JsonObject[])[0] ?? {};

test.each<[string, (config: JsonObject, host: JsonObject, body: JsonObject) => void]>([
  ['Mounts', (_config, _host, body) => (mountOf(body)['RW'] = true)],
  ['Mounts', (_config, _host, body) => (mountOf(body)['Source'] = '/etc')],
  ['Mounts', (_config, _host, body) => (mountOf(body)['Destination'] = '/etc')],
  ['Mounts', (_config, _host, body) => (mountOf(body)['Propagation'] = 'rshared')],
  ['Mounts', (_config, _host, body) => (mountOf(body)['Mode'] = 'rw')],
  ['Mounts', (_config, _host, body) => (mountOf(body)['Type'] = 'volume')],
  ['Mounts', (_config, _host, body) => (body['Mounts'] = [])],
  ['Mounts', (_config, _host, body) => (body['Mounts'] as JsonObject[]).push({ Type: 'bind', Source: '/' })],
  ['HostConfig.Mounts', (_config, host) => delete host['Mounts']],
  ['HostConfig.Mounts', (_config, host) => delete askedMount(host)['ReadOnly']],
  ['HostConfig.Mounts', (_config, host) => delete askedMount(host)['BindOptions']],
  ['HostConfig.Mounts', (_config, host) => (askedMount(host)['VolumeOptions'] = { NoCopy: true })],
  ['HostConfig.Mounts', (_config, host) => (host['Mounts'] as JsonObject[]).push({ Type: 'bind', Source: '/' })],
  ['HostConfig.Binds', (_config, host) => (host['Binds'] = ['/:/host'])],
])('names %s when a sandbox with pipes differs', (field, change) => {
  const differences = made(change, onPipes);
  expect(differences).toHaveLength(1);
  expect(differences[0]).toMatch(new RegExp(`^${field} `));
});
