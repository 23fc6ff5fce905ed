// All hardening of a sandbox in one pure function: manifest and limits in, the engine's create request out. Nothing else ever makes a
// container for a plugin. Surprises: `Init` costs one pid, so the engine is given one more than the plugin's bound; a `stream` plugin is the
// container's first process itself, by which its SDK knows that /tmp and every other process are its own to clear away.
import { createHash } from 'node:crypto';
import type { SandboxId, WorkerId } from '../../core/ids.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import { tmpInodes, type Limits } from '../../core/limits.ts';
import type { Plugin, PluginVersion } from '../../core/plugin.ts';
import type { ContainerSpec } from '../../core/ports/container-engine.ts';
import { cleanEnv } from './clean-env.ts';
import { SECCOMP_PROFILE } from './seccomp.ts';

export interface ContainerSettings {
  readonly instanceId: string;
  readonly workerId: WorkerId;
  /** the engine lists AppArmor (asking for it elsewhere is accepted silently and does nothing) */
  readonly hasAppArmor: boolean;
}

/** Labels of everything that belongs to an instance; the reaper and the tests go by these. */
export const LABELS = {
  instance: 'io.gantry.instance',
  owner: 'io.gantry.owner',
  sandbox: 'io.gantry.sandbox',
  plugin: 'io.gantry.plugin',
  version: 'io.gantry.version',
  spec: 'io.gantry.spec',
} as const;

/** Where a sandbox finds its named pipes. */
export const PIPES_PATH = '/gantry/io';
/** Starts the command on the pipes, as the container's first process and without the shell's variable. The byte of `echo` says that both are open. */
const ON_PIPES = [
  '/bin/sh',
  '-c',
  `exec <${PIPES_PATH}/in >${PIPES_PATH}/out; echo; unset PWD; exec "$@"`,
  'sh',
] as const;

/** First numeric user; each slot has its own, so that no two sandboxes alive at once share one. */
export const FIRST_UID = 20_000;
const INIT_PIDS = 1;
const MiB = 1024 * 1024;

/** The numeric user, and group, of the slot's sandbox. */
export function userOf(slot: number): number {
  return FIRST_UID + slot;
}

/**
 * @param slot small number, unique among the live sandboxes of this worker
 * @param pipesFolder on the host, with the sandbox's named pipes and nothing else; null: stdin and stdout are the engine's
 */
export function containerSpec(
  version: PluginVersion,
  settings: ContainerSettings,
  slot: number,
  sandboxId: SandboxId,
  pipesFolder: string | null = null,
): ContainerSpec {
  const [entrypoint, ...args] = version.command;
  const user = String(userOf(slot));
  const asked: JsonObject = {
    Image: version.imageId,
    Hostname: 'sandbox',
    Domainname: '',
    User: `${user}:${user}`,
    WorkingDir: version.workingDir,
    Env: [...cleanEnv(version.env)],
    Entrypoint: entrypoint === undefined ? [] : [entrypoint],
    Cmd: args,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    // The engine's network code is left out: starts take less than half the time, and the locks that hang older engines are never taken. runc
    // makes the empty network namespace by itself, with loopback up.
    NetworkDisabled: true,
    // When we die, the engine closes the plugin's stdin: idle sandboxes end by themselves.
    StdinOnce: true,
    Tty: false,
    Healthcheck: { Test: ['NONE'] },
    StopSignal: 'SIGTERM',
    StopTimeout: 1,
    HostConfig: hostConfig(version.plugin, settings.hasAppArmor),
  };
  const labels = {
    [LABELS.instance]: settings.instanceId,
    [LABELS.owner]: settings.workerId,
    [LABELS.sandbox]: sandboxId,
    [LABELS.plugin]: version.plugin.name,
    [LABELS.version]: version.id,
    [LABELS.spec]: createHash('sha256').update(JSON.stringify(asked)).digest('hex').slice(0, 12),
  };
  const spec = { body: { ...asked, Labels: labels } };
  return pipesFolder === null ? spec : onPipes(spec, pipesFolder);
}

/**
 * The same container with the named pipes as its stdin and stdout. Its folder is the one bind there is; as `Mounts`, not `Binds`: for those the
 * engine makes a folder that is missing. It offers no nosuid, nodev or noexec for a bind; nobody can add to what is in the folder.
 */
export function onPipes({ body }: ContainerSpec, folder: string): ContainerSpec {
  const words = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);
  const [shell, ...script] = ON_PIPES;
  const mount = {
    Type: 'bind',
    Source: folder,
    Target: PIPES_PATH,
    ReadOnly: true,
    BindOptions: { Propagation: 'private', NonRecursive: true },
  };
  const host = isJsonObject(body['HostConfig']) ? body['HostConfig'] : {};
  const Cmd = [...script, ...words(body['Entrypoint']), ...words(body['Cmd'])];
  return { body: { ...body, Entrypoint: [shell], Cmd, HostConfig: { ...host, Mounts: [mount] } } };
}

function hostConfig({ limits, protocol }: Plugin, hasAppArmor: boolean): JsonObject {
  const hasInit = protocol !== 'stream';
  const memory = Math.floor(limits.memoryBytes);
  return {
    NetworkMode: 'none',
    IpcMode: 'none',
    CgroupnsMode: 'private',
    ReadonlyRootfs: true,
    Tmpfs: { '/tmp': tmpfsOptions(limits.tmpBytes) },
    CapDrop: ['ALL'],
    SecurityOpt: [
      'no-new-privileges',
      `seccomp=${SECCOMP_PROFILE}`,
      ...(hasAppArmor ? ['apparmor=docker-default'] : []),
    ],
    Memory: memory,
    MemorySwap: memory,
    NanoCpus: Math.round(limits.cpus * 1e9),
    PidsLimit: limits.pids + (hasInit ? INIT_PIDS : 0),
    OomScoreAdj: 500,
    Ulimits: ulimits(limits),
    LogConfig: { Type: 'none', Config: {} },
    Init: hasInit,
    AutoRemove: false,
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  };
}

function tmpfsOptions(tmpBytes: number): string {
  return `rw,noexec,nosuid,nodev,size=${Math.floor(tmpBytes)},nr_inodes=${tmpInodes(tmpBytes)},mode=1777`;
}

/** No nproc: the kernel counts it per user across containers. fsize lies above /tmp's size, so a full /tmp says ENOSPC. */
function ulimits(limits: Limits): JsonObject[] {
  const both = (name: string, value: number): JsonObject => ({ Name: name, Soft: value, Hard: value });
  return [
    both('nofile', limits.openFiles),
    both('core', 0),
    both('msgqueue', 0),
    both('fsize', Math.floor(limits.tmpBytes) + MiB),
  ];
}
