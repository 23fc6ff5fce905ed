// The shape of every answer we use. The engine's types say `any`; an answer of another shape is an ENGINE_FAILED that names the field.
import { z } from 'zod';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { JsonObject } from '../../core/json.ts';
import type {
  ContainerExit,
  ContainerFacts,
  ContainerSummary,
  EngineEvent,
  EngineFacts,
  ImageFacts,
} from '../../core/ports/container-engine.ts';

const labels = z.record(z.string(), z.string()).nullish();
const count = z.number().int();

const CONTAINER = z.looseObject({
  Id: z.string(),
  State: z.looseObject({ Running: z.boolean(), OOMKilled: z.boolean(), ExitCode: count, Pid: count }),
});
const SUMMARIES = z.array(
  z.looseObject({ Id: z.string(), Names: z.array(z.string()), Labels: labels, Created: count }),
);
const IMAGE = z.looseObject({
  Id: z.string(),
  RepoTags: z.array(z.string()).nullish(),
  RepoDigests: z.array(z.string()).nullish(),
  Size: count,
  Created: z.string().nullish(),
  Config: z.looseObject({ Labels: labels }).nullish(),
});
const WAIT = z.looseObject({ StatusCode: count, Error: z.looseObject({ Message: z.string() }).nullish() });
const EVENT = z.looseObject({
  Type: z.string().optional(),
  Action: z.string().optional(),
  Actor: z.looseObject({ ID: z.string().optional(), Attributes: labels }).optional(),
});
const VERSION = z.looseObject({ Version: z.string(), ApiVersion: z.string() });
const SYSTEM = z.looseObject({
  NCPU: count,
  MemTotal: count,
  CgroupVersion: z.string().optional(),
  CgroupDriver: z.string().optional(),
  Runtimes: z.record(z.string(), z.unknown()).nullish(),
  DefaultRuntime: z.string().optional(),
  KernelVersion: z.string().optional(),
  SecurityOptions: z.array(z.string()).nullish(),
  DockerRootDir: z.string(),
  Warnings: z.array(z.string()).nullish(),
});
const LISTED_IMAGES = z.array(z.looseObject({ Id: z.string(), Size: count.optional(), SharedSize: count.optional() }));
const PROGRESS = z.looseObject({
  stream: z.string().optional(),
  status: z.string().optional(),
  error: z.string().optional(),
  errorDetail: z.looseObject({ message: z.string().optional() }).optional(),
  aux: z.looseObject({ ID: z.string().optional() }).nullish(),
});

export type Progress = z.infer<typeof PROGRESS>;

function checked<T>(schema: z.ZodType<T>, answer: unknown, of: string): T {
  const read = schema.safeParse(answer);
  if (read.success) return read.data;
  const place = read.error.issues[0];
  const where = place === undefined ? '' : ` at ${place.path.join('.') || 'the top'}: ${place.message}`;
  throw new GantryError('ENGINE_FAILED', `the Docker Engine's answer to "${of}" has an unknown shape${where}`);
}

export function readContainer(answer: unknown): ContainerFacts {
  const { Id, State } = checked(CONTAINER, answer, 'inspect');
  return {
    id: Id,
    isRunning: State.Running,
    isOomKilled: State.OOMKilled,
    exitCode: State.ExitCode,
    pid: State.Pid,
    body: answer as JsonObject,
  };
}

export function readSummaries(answer: unknown): readonly ContainerSummary[] {
  return checked(SUMMARIES, answer, 'list').map((item) => ({
    id: item.Id,
    name: (item.Names[0] ?? '').replace(/^\//, ''),
    labels: item.Labels ?? {},
    createdAtMs: item.Created * 1000,
  }));
}

export function readImage(answer: unknown): ImageFacts & { readonly digests: readonly string[] } {
  const image = checked(IMAGE, answer, 'image_inspect');
  const createdAtMs = Date.parse(image.Created ?? '');
  return {
    id: image.Id,
    tags: image.RepoTags ?? [],
    digests: image.RepoDigests ?? [],
    sizeBytes: image.Size,
    createdAtMs: Number.isNaN(createdAtMs) ? 0 : createdAtMs,
    labels: image.Config?.Labels ?? {},
    config: (image.Config ?? {}) as JsonObject,
  };
}

export interface ListedImage {
  readonly id: string;
  /** absent when the engine does not say it (before API 1.42: −1) */
  readonly ownBytes?: number;
}

export function readImageList(answer: unknown): readonly ListedImage[] {
  return checked(LISTED_IMAGES, answer, 'image_list').map(({ Id, Size = 0, SharedSize = -1 }) =>
    SharedSize < 0 ? { id: Id } : { id: Id, ownBytes: Math.max(0, Size - SharedSize) },
  );
}

/** @throws GantryError ENGINE_FAILED when the engine could not wait after all */
export function readExit(answer: unknown): ContainerExit {
  const exit = checked(WAIT, answer, 'wait');
  if (exit.Error) throw new GantryError('ENGINE_FAILED', `the engine cannot tell the exit: ${exit.Error.Message}`);
  return { exitCode: exit.StatusCode };
}

export function readEvent(message: unknown): EngineEvent {
  const event = checked(EVENT, message, 'events');
  const attributes = event.Actor?.Attributes ?? {};
  return {
    type: event.Type === 'container' || event.Type === 'image' ? event.Type : 'other',
    action: event.Action ?? '',
    id: event.Actor?.ID ?? '',
    labels: attributes,
    exitCode: event.Action === 'die' ? dieCode(attributes['exitCode']) : null,
  };
}

function dieCode(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}

export function readFacts(versionAnswer: unknown, systemAnswer: unknown, isOnSocket: boolean): EngineFacts {
  const version = checked(VERSION, versionAnswer, 'version');
  const system = checked(SYSTEM, systemAnswer, 'info');
  const security = system.SecurityOptions ?? [];
  return {
    engineVersion: version.Version,
    apiVersion: version.ApiVersion,
    cpus: system.NCPU,
    memoryBytes: system.MemTotal,
    cgroupVersion: system.CgroupVersion === '2' ? 2 : 1,
    cgroupDriver: system.CgroupDriver ?? 'unknown',
    runtimes: Object.keys(system.Runtimes ?? {}),
    defaultRuntime: system.DefaultRuntime ?? 'unknown',
    kernelVersion: system.KernelVersion ?? 'unknown',
    isOnSocket,
    hasAppArmor: security.some((option) => option.startsWith('name=apparmor')),
    hasSeccomp: security.some((option) => option.startsWith('name=seccomp')),
    dataRoot: system.DockerRootDir,
    warnings: system.Warnings ?? [],
  };
}

/** One line of a build's or pull's progress. */
export function readProgress(message: unknown): Progress {
  return checked(PROGRESS, message, 'image_build');
}

/** The error a progress line reports; null when it reports none. */
export function progressError(progress: Progress): string | null {
  return progress.errorDetail?.message ?? progress.error ?? null;
}
