// A plugin as the program knows it after its manifest was read and checked: plain numbers in base units, nothing optional left open.
import type { JsonObject } from './json.ts';
import type { Limits } from './limits.ts';
import type { RetryPolicy } from './retry.ts';
import type { SelfDescription } from './self-description.ts';

export const RUNTIMES = ['python', 'node', 'shell', 'go', 'rust', 'java'] as const;
export type Runtime = (typeof RUNTIMES)[number];

export const PROTOCOLS = ['json', 'text', 'stream'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** What becomes of a sandbox after an invocation: it ends; it forks a clean process per invocation; its process serves on. */
export const REUSES = ['never', 'fork', 'warm'] as const;
export type Reuse = (typeof REUSES)[number];

/** What a plugin of protocol `stream` may ask of the host while it runs. */
export const SERVICES = ['state', 'artifact'] as const;
export type Service = (typeof SERVICES)[number];

/** Most invocations at once in one sandbox: they share its memory, its processes and its fate. */
export const CONCURRENCY_MAX = 64;

/** Where the image comes from: exactly one of three. */
export type ImageSource =
  | {
      readonly kind: 'runtime';
      readonly runtime: Runtime;
      /** file in the plugin's folder that the runtime starts; null when `command` is given */
      readonly entry: string | null;
      readonly command: readonly string[] | null;
      readonly dependencies: string | null;
    }
  | { readonly kind: 'dockerfile'; readonly dockerfile: string; readonly command: readonly string[] | null }
  | { readonly kind: 'image'; readonly image: string; readonly command: readonly string[] | null };

export interface PoolLimits {
  readonly min: number;
  readonly max: number;
  readonly idleMs: number;
  /** invocations after which a reused sandbox is replaced */
  readonly maxInvocations: number;
  /** age at which a reused sandbox is replaced, jittered so that a pool never goes at once */
  readonly maxAgeMs: number;
}

/** Requests of the stream protocol that the plugin wants beside `run`. */
export interface Lifecycle {
  readonly onLoad: boolean;
  readonly onShutdown: boolean;
  readonly cancel: boolean;
  readonly metadata: boolean;
  readonly configUi: boolean;
}

/** How a `text` plugin reads and answers. */
export interface TextOptions {
  /** CEL expression that selects stdin; default `data` */
  readonly input: string;
  /** null: JSON when the output parses, else a string */
  readonly output: 'json' | 'text' | null;
}

/** A checked manifest. */
export interface Plugin {
  readonly name: string;
  /** semver */
  readonly version: string;
  readonly description: string;
  readonly hooks: readonly string[];
  /** names of pipelines, or `*` for every pipeline that has the hook */
  readonly pipelines: readonly string[];
  readonly tags: readonly string[];
  readonly failHard: boolean;
  readonly order: number;
  readonly source: ImageSource;
  readonly protocol: Protocol;
  readonly text: TextOptions | null;
  /** other than `never` with `stream` only */
  readonly reuse: Reuse;
  /** invocations that may be in flight at once in one sandbox; above 1 with `stream` and `warm` only */
  readonly concurrency: number;
  readonly lifecycle: Lifecycle;
  /** host services that it may use */
  readonly services: readonly Service[];
  readonly idempotent: boolean;
  /** null: the pipeline's policy, unless the hook has one */
  readonly retries: RetryPolicy | null;
  readonly limits: Limits;
  readonly pool: PoolLimits;
  readonly isBuildNetworked: boolean;
  readonly secrets: readonly string[];
  readonly configSchema: JsonObject | null;
}

/** A plugin at one content hash, built to one image. Runs keep the version they started with. */
export interface PluginVersion {
  /** `<name>@<semver>+<first 12 hex of the content hash>` */
  readonly id: string;
  readonly plugin: Plugin;
  /** full SHA-256 (hex) over the folder's content, the manifest and the base image's id */
  readonly contentHash: string;
  /** image id (`sha256:…`) that every sandbox of this version runs */
  readonly imageId: string;
  readonly imageTag: string;
  /** what the container starts: absolute entry point and arguments */
  readonly command: readonly string[];
  /** environment that the image needs (PATH and the like), already checked */
  readonly env: readonly string[];
  readonly workingDir: string;
  /** the plugin's settings after defaults were filled in */
  readonly config: JsonObject;
}

/** What stands between a folder and a usable version; shown by `plugins list` and the panel. */
export type PluginStatus =
  | { readonly state: 'building'; readonly name: string; readonly folder: string }
  | {
      readonly state: 'ready';
      readonly name: string;
      readonly folder: string;
      readonly version: PluginVersion;
      /** what is doubtful but does not keep it from serving (an inline secret, a pipeline nobody declared) */
      readonly warnings?: readonly Problem[];
      /** what it said of itself; null or absent: nothing (yet) */
      readonly said?: SelfDescription | null;
    }
  | {
      readonly state: 'failed';
      readonly name: string;
      readonly folder: string;
      readonly problems: readonly Problem[];
      /** the version that goes on serving while the new one is broken */
      readonly serving: PluginVersion | null;
      /** of the version that goes on serving */
      readonly said?: SelfDescription | null;
    };

/** One thing that is wrong with a file: code of the error table, place, the rule and the limit in the message. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  /** path as the reader would type it */
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
}
