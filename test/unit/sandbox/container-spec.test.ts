// The hardening of every container, over random manifests: what must be there always is, what must not be there never is.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatId } from '../../../src/core/ids.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/core/json.ts';
import { LIMIT_RANGES, type Limits } from '../../../src/core/limits.ts';
import { FORBIDDEN_HOST_FIELDS } from '../../../src/sandbox/container/compare-spec.ts';
import { containerSpec } from '../../../src/sandbox/container/container-spec.ts';
import type { PluginVersion } from '../../../src/core/plugin.ts';
import { pluginVersion } from '../../support/sandbox/versions.ts';

const random = new Uint8Array(10);
const sandboxId = formatId('sbx', 1, random);
const settings = { instanceId: 'here', workerId: formatId('wrk', 1, random), hasAppArmor: false };

const whole = (name: keyof Limits): fc.Arbitrary<number> =>
  fc.integer({ min: Math.ceil(LIMIT_RANGES[name].min), max: Math.min(LIMIT_RANGES[name].max, 2 ** 31 - 1) });
const limits: fc.Arbitrary<Limits> = fc.record({
  cpus: fc.double({ min: 0.01, max: 64, noNaN: true }),
  memoryBytes: fc.integer({ min: LIMIT_RANGES.memoryBytes.min, max: LIMIT_RANGES.memoryBytes.max }),
  pids: whole('pids'),
  timeoutMs: whole('timeoutMs'),
  cpuTimeMs: whole('cpuTimeMs'),
  tmpBytes: fc.integer({ min: LIMIT_RANGES.tmpBytes.min, max: LIMIT_RANGES.tmpBytes.max }),
  outputBytes: whole('outputBytes'),
  logsBytes: whole('logsBytes'),
  openFiles: whole('openFiles'),
});
const hostileText = fc.oneof(
  fc.string(),
  fc.constantFrom(
    '/var/run/docker.sock:/x',
    '--privileged',
    'host',
    'container:1',
    'Privileged',
    'seccomp=unconfined',
    '0:0',
  ),
);
const entries = fc.array(
  fc.oneof(hostileText, fc.constantFrom('LD_PRELOAD=/tmp/x', 'NODE_OPTIONS=--inspect', 'HOME=/root', 'A=b')),
  { maxLength: 5 },
);
const manifests = fc.record({
  limits,
  plugin: fc.record({ name: hostileText, description: hostileText, secrets: fc.array(hostileText, { maxLength: 3 }) }),
  version: fc.record({
    id: hostileText,
    command: fc.array(hostileText, { minLength: 1, maxLength: 4 }),
    env: entries,
    workingDir: hostileText,
  }),
});

function objectOf(value: JsonValue | undefined): JsonObject {
  if (!isJsonObject(value)) throw new Error('no object');
  return value;
}

function namesIn(value: JsonValue): string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn);
  return isJsonObject(value) ? Object.entries(value).flatMap(([name, member]) => [name, ...namesIn(member)]) : [];
}

const FORBIDDEN = new Set<string>([
  ...FORBIDDEN_HOST_FIELDS,
  'Binds',
  'CgroupParent',
  'StorageOpt',
  'Runtime',
  'Isolation',
  'Volumes',
  'ExposedPorts',
]);

const PIPES_FOLDER = `/somewhere/runtime/${sandboxId}`;
/** The one sealed bind. */
const PIPES_MOUNT = {
  Type: 'bind',
  Source: PIPES_FOLDER,
  Target: '/gantry/io',
  ReadOnly: true,
  BindOptions: { Propagation: 'private', NonRecursive: true },
};

function mountFaults(host: JsonObject, pipesFolder: string | null): readonly string[] {
  const wanted = pipesFolder === null ? undefined : JSON.stringify([PIPES_MOUNT]);
  return JSON.stringify(host['Mounts']) === wanted ? [] : ['Mounts'];
}

/** No word of a manifest is ever read by a shell: it stands behind the script, as an argument. */
function commandFaults(body: JsonObject, version: PluginVersion, pipesFolder: string | null): readonly string[] {
  const command = [...(body['Entrypoint'] as string[]), ...(body['Cmd'] as string[])];
  const script = 'exec </gantry/io/in >/gantry/io/out; echo; unset PWD; exec "$@"';
  const before = pipesFolder === null ? [] : ['/bin/sh', '-c', script, 'sh'];
  return JSON.stringify(command) === JSON.stringify([...before, ...version.command]) ? [] : ['command'];
}

/** Plain comparisons instead of matchers: this runs ten thousand times. */
function hostFaults(host: JsonObject, version: PluginVersion, hasAppArmor: boolean): readonly string[] {
  const { limits: asked } = version.plugin;
  const wanted: JsonObject = {
    NetworkMode: 'none',
    IpcMode: 'none',
    CgroupnsMode: 'private',
    ReadonlyRootfs: true,
    CapDrop: ['ALL'],
    Memory: asked.memoryBytes,
    MemorySwap: asked.memoryBytes,
    PidsLimit: asked.pids + 1,
    LogConfig: { Type: 'none', Config: {} },
    Init: true,
    AutoRemove: false,
  };
  const options = host['SecurityOpt'] as string[];
  const hasAllOptions =
    options[0] === 'no-new-privileges' &&
    options[1]?.startsWith('seccomp={"defaultAction":"SCMP_ACT_ERRNO"') === true &&
    options.slice(2).join() === (hasAppArmor ? 'apparmor=docker-default' : '');
  return [
    ...namesIn(host).filter((name) => FORBIDDEN.has(name)),
    ...Object.keys(wanted).filter((field) => JSON.stringify(wanted[field]) !== JSON.stringify(host[field])),
    ...(Object.keys(objectOf(host['Tmpfs'])).join() === '/tmp' ? [] : ['Tmpfs']),
    ...(Number(host['NanoCpus']) > 0 ? [] : ['NanoCpus']),
    ...(hasAllOptions ? [] : ['SecurityOpt']),
  ];
}

function bodyFaults(body: JsonObject, slot: number): readonly string[] {
  const user = String(20_000 + slot);
  const wanted: JsonObject = {
    User: `${user}:${user}`,
    NetworkDisabled: true,
    OpenStdin: true,
    StdinOnce: true,
    Tty: false,
    Healthcheck: { Test: ['NONE'] },
    StopSignal: 'SIGTERM',
    StopTimeout: 1,
    Hostname: 'sandbox',
  };
  const variables = (body['Env'] as string[]).map((entry) => entry.split('=')[0]);
  return [
    ...Object.keys(body).filter((name) => FORBIDDEN.has(name)),
    ...Object.keys(wanted).filter((field) => JSON.stringify(wanted[field]) !== JSON.stringify(body[field])),
    ...variables.filter((name) => name === 'LD_PRELOAD' || name === 'NODE_OPTIONS'),
    ...(variables.includes('HOME') ? [] : ['HOME']),
  ];
}

test('for any manifest, nothing forbidden ever appears and everything required always does', () => {
  fc.assert(
    fc.property(manifests, fc.nat(19_999), fc.boolean(), fc.boolean(), (changes, slot, hasAppArmor, hasPipes) => {
      const version = pluginVersion(changes);
      const folder = hasPipes ? PIPES_FOLDER : null;
      const { body } = containerSpec(version, { ...settings, hasAppArmor }, slot, sandboxId, folder);
      const host = objectOf(body['HostConfig']);
      const faults = [
        ...hostFaults(host, version, hasAppArmor),
        ...bodyFaults(body, slot),
        ...mountFaults(host, folder),
        ...commandFaults(body, version, folder),
      ];
      if (faults.length > 0) throw new Error(faults.join());
    }),
    { numRuns: 10_000 },
  );
}, 900_000);

test('sets every ulimit soft and hard, and fsize above the size of /tmp', () => {
  const host = objectOf(containerSpec(pluginVersion(), settings, 3, sandboxId).body['HostConfig']);
  expect(host['Ulimits']).toEqual([
    { Name: 'nofile', Soft: 256, Hard: 256 },
    { Name: 'core', Soft: 0, Hard: 0 },
    { Name: 'msgqueue', Soft: 0, Hard: 0 },
    { Name: 'fsize', Soft: 17 * 1024 * 1024, Hard: 17 * 1024 * 1024 },
  ]);
  expect(host['Tmpfs']).toEqual({ '/tmp': 'rw,noexec,nosuid,nodev,size=16777216,nr_inodes=4096,mode=1777' });
});

test('labels owner, instance, sandbox and spec, and the same spec has the same hash', () => {
  const labelsOf = (pids: number, id = sandboxId): JsonObject =>
    objectOf(containerSpec(pluginVersion({ limits: { pids } }), settings, 1, id).body['Labels']);
  expect(labelsOf(64)).toMatchObject({
    'io.gantry.instance': 'here',
    'io.gantry.owner': settings.workerId,
    'io.gantry.sandbox': sandboxId,
    'io.gantry.plugin': 'puppet',
  });
  expect(labelsOf(64, formatId('sbx', 2, random))['io.gantry.spec']).toBe(labelsOf(64)['io.gantry.spec']);
  const onPipes = containerSpec(pluginVersion(), settings, 1, sandboxId, PIPES_FOLDER).body;
  const elsewhere = containerSpec(pluginVersion(), settings, 1, sandboxId, '/elsewhere').body;
  expect(objectOf(onPipes['Labels'])).toEqual(objectOf(elsewhere['Labels']));
  expect(labelsOf(65)['io.gantry.spec']).not.toBe(labelsOf(64)['io.gantry.spec']);
});
