// The engine drops misspelt and unsupported fields silently, and an image can add to what was asked. So the made container is read back
// and compared field by field; any difference keeps it from being started. The one mount there may be is the folder of its named pipes.
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import type { ContainerFacts, ContainerSpec } from '../../core/ports/container-engine.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { isForbiddenVariable } from './clean-env.ts';

/** HostConfig fields that must be absent or empty in what was made. */
export const FORBIDDEN_HOST_FIELDS = [
  'Privileged',
  'Binds',
  'Devices',
  'DeviceRequests',
  'DeviceCgroupRules',
  'CapAdd',
  'VolumesFrom',
  'VolumeDriver',
  'Links',
  'ExtraHosts',
  'PortBindings',
  'PublishAllPorts',
  'Sysctls',
  'GroupAdd',
  'OomKillDisable',
  'PidMode',
  'UTSMode',
  'UsernsMode',
] as const;

/** Names each difference; empty when the container is what was asked. */
export function compareSpec(spec: ContainerSpec, facts: ContainerFacts): readonly string[] {
  const config = objectAt(facts.body, 'Config');
  const host = objectAt(facts.body, 'HostConfig');
  const { HostConfig, Env, Labels, Image, ...rest } = spec.body;
  const { Mounts, ...askedOfHost } = isJsonObject(HostConfig) ? HostConfig : {};
  return [
    ...(facts.body['Image'] === Image ? [] : [`Image is ${shown(facts.body['Image'])}`]),
    ...differences('', rest, config),
    ...differences('HostConfig.', askedOfHost, host).filter(isNotMissingSwapAccounting),
    ...differences('Labels.', isJsonObject(Labels) ? Labels : {}, objectAt(config, 'Labels')),
    ...envDifferences(Env, config['Env']),
    ...FORBIDDEN_HOST_FIELDS.filter((field) => !isEmpty(host[field])).map(
      (field) => `HostConfig.${field} is ${shown(host[field])}`,
    ),
    ...mountDifferences(Mounts, host['Mounts'], facts.body['Mounts']),
    ...['MaskedPaths', 'ReadonlyPaths']
      .filter((field) => isEmpty(host[field]))
      .map((field) => `HostConfig.${field} is empty`),
  ];
}

/** Both what was asked as the engine kept it and what it made of it, to the letter: nothing may stand beside or be left out. */
function mountDifferences(
  asked: JsonValue | undefined,
  kept: JsonValue | undefined,
  made: JsonValue | undefined,
): readonly string[] {
  const [mount] = Array.isArray(asked) ? asked.filter(isJsonObject) : [];
  const wanted =
    mount === undefined
      ? []
      : [{ Type: 'bind', Source: mount['Source'], Destination: mount['Target'], RW: false, Propagation: 'private' }];
  const found = (Array.isArray(made) ? made : [made]).filter((one) => !isEmpty(one));
  return [
    ...(isEqual(kept, asked) ? [] : [`HostConfig.Mounts is ${shown(kept)}`]),
    ...(isEqual(found.map(withoutMode), wanted) ? [] : [`Mounts is ${shown(made)}`]),
  ];
}

/** The engine shows an empty mode, which says nothing. */
function withoutMode(mount: JsonValue | undefined): JsonValue | undefined {
  if (!isJsonObject(mount) || !isEmpty(mount['Mode'])) return mount;
  return Object.fromEntries(Object.entries(mount).filter(([field]) => field !== 'Mode'));
}

function isEqual(one: unknown, other: unknown): boolean {
  return canonicalJson(one ?? []) === canonicalJson(other ?? []);
}

function differences(prefix: string, asked: JsonObject, made: JsonObject): readonly string[] {
  return Object.entries(asked)
    .filter(([field, value]) => !isSame(value, made[field]))
    .map(([field, value]) => `${prefix}${field} is ${shown(made[field])}, not ${shown(value)}`);
}

/** An engine without swap accounting answers -1: the memory limit holds all the same, and `doctor` warns. */
function isNotMissingSwapAccounting(difference: string): boolean {
  return !difference.startsWith('HostConfig.MemorySwap is -1,');
}

/** The image may add harmless variables of its own, never ones that change how programs load. */
function envDifferences(asked: JsonValue | undefined, made: JsonValue | undefined): readonly string[] {
  const wanted = Array.isArray(asked) ? asked : [];
  const found = Array.isArray(made) ? made.filter((entry) => typeof entry === 'string') : [];
  return [
    ...wanted
      .filter((entry) => typeof entry !== 'string' || !found.includes(entry))
      .map((entry) => `Env lacks ${shown(entry)}`),
    ...found
      .filter((entry) => isForbiddenVariable(entry.split('=')[0] ?? ''))
      .map((entry) => `Env has ${shown(entry)}`),
  ];
}

/** Equal, where the engine writes null, absent, empty and false for one another; order of lists of named things does not count. */
function isSame(asked: JsonValue, made: JsonValue | undefined): boolean {
  if (isEmpty(asked)) return isEmpty(made);
  if (Array.isArray(asked)) return Array.isArray(made) && isSameList(asked, made);
  if (!isJsonObject(asked)) return asked === made;
  return isJsonObject(made) && Object.entries(asked).every(([key, value]) => isSame(value, made[key]));
}

function isSameList(asked: readonly JsonValue[], made: readonly JsonValue[]): boolean {
  if (asked.length !== made.length) return false;
  if (asked.every(isJsonObject)) return asked.every((item) => made.some((other) => isSame(item, other)));
  return asked.every((item, index) => isSame(item, made[index]));
}

function isEmpty(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === false || value === '' || value === 0) return true;
  return Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
}

function objectAt(body: JsonObject, field: string): JsonObject {
  const value = body[field];
  return isJsonObject(value) ? value : {};
}

function shown(value: JsonValue | undefined): string {
  const text = value === undefined ? 'absent' : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
