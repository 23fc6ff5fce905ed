// Every key of plugin.yaml with its description, default and shape. docs/manifest.md and the JSON Schema for editors are generated
// from here. Rules across keys are in manifest-rules.ts, so that one wrong value never hides another.
import * as z from 'zod';
import { DEFAULT_LIMITS } from '../../core/limits.ts';
import { CONCURRENCY_MAX, PROTOCOLS, REUSES, RUNTIMES, SERVICES } from '../../core/plugin.ts';
import { BACKOFFS, RETRIES_MAX, RETRY_DEFAULTS, RETRYABLE_OUTCOMES } from '../../core/retry.ts';
import { formatDuration, formatSize } from '../../lib/format-units.ts';
import { CORES, COUNT, DURATION, limit, quantity, SIZE } from './quantity-schema.ts';

export const NAME_RULE = '[a-z][a-z0-9_-]{0,62}';
const NAME = new RegExp(`^${NAME_RULE}$`);
/** Names that Windows reserves for devices: such a folder cannot be checked out there. */
const DEVICE_NAME = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/;
const SECRET_NAME = /^[A-Z][A-Z0-9_]{0,62}$/;
const SEMVER =
  /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?$/;
const DIGEST_REFERENCE = /^[a-z0-9][a-z0-9._:/-]{0,200}@sha256:[0-9a-f]{64}$/;

export const LIST_MAX = 32;

/** True for names of plugins. */
export function isPluginName(name: string): boolean {
  return NAME.test(name) && !DEVICE_NAME.test(name);
}

const described = <Schema extends z.ZodType>(schema: Schema, text: string): Schema => schema.describe(text);
const name = z.string().regex(NAME, { error: `must match ${NAME_RULE}` });
const names = z.array(name).max(LIST_MAX);

/** A path inside the folder: relative, no `..`, at most 255 characters. */
const path = z
  .string()
  .max(255)
  .regex(/^(?!\/)(?!(?:.*\/)?\.\.(?:\/|$))[^\u0000-\u001f\\]+$/, {
    error: 'must be a relative path inside the folder, with `/` between its parts and without `..`',
  });

const command = z
  .array(
    z
      .string()
      .min(1)
      .max(4096)
      .regex(/^[^\u0000]*$/, { error: 'must not contain NUL' }),
  )
  .min(1)
  .max(64);

const limits = z.strictObject({
  cpus: limit(CORES, 'cpus', 'Share of the CPUs, in cores.').prefault(DEFAULT_LIMITS.cpus),
  memory: limit(
    SIZE,
    'memoryBytes',
    'Memory with everything in it; 256Mi by default for `node` and `java`, else 128Mi.',
  ).optional(),
  pids: limit(COUNT, 'pids', 'Processes and threads at once.').prefault(DEFAULT_LIMITS.pids),
  timeout: limit(DURATION, 'timeoutMs', 'Wall time of one invocation.').prefault(
    formatDuration(DEFAULT_LIMITS.timeoutMs),
  ),
  cpuTime: limit(DURATION, 'cpuTimeMs', 'CPU time of one invocation; by default `timeout` × `cpus`.').optional(),
  tmp: limit(SIZE, 'tmpBytes', 'Size of /tmp, the only place to write to; it counts as memory.').prefault(
    formatSize(DEFAULT_LIMITS.tmpBytes),
  ),
  output: limit(SIZE, 'outputBytes', 'Bytes on stdout of one invocation.').prefault(
    formatSize(DEFAULT_LIMITS.outputBytes),
  ),
  logs: limit(SIZE, 'logsBytes', 'Bytes on stderr that are kept of one invocation; the rest is cut.').prefault(
    formatSize(DEFAULT_LIMITS.logsBytes),
  ),
  openFiles: limit(COUNT, 'openFiles', 'Open files of one process.').prefault(DEFAULT_LIMITS.openFiles),
});

const pool = z.strictObject({
  min: quantity(COUNT, { min: 0, max: 64 }, 'Sandboxes kept ready.').prefault(0),
  max: quantity(COUNT, { min: 1, max: 64 }, 'Sandboxes at once.').prefault(4),
  idle: quantity(DURATION, { min: 1_000, max: 86_400_000 }, 'How long an unused sandbox is kept.').prefault('5m'),
  maxInvocations: quantity(
    COUNT,
    { min: 1, max: 1_000_000 },
    'With `reuse`: invocations after which a sandbox is replaced.',
  ).prefault(1000),
  maxAge: quantity(
    DURATION,
    { min: 1_000, max: 604_800_000 },
    'With `reuse`: the age at which a sandbox is replaced.',
  ).prefault('1h'),
});

const retries = z.strictObject({
  max: quantity(COUNT, { min: 0, max: RETRIES_MAX }, 'Attempts after the first.'),
  backoff: described(
    z.enum(BACKOFFS).default(RETRY_DEFAULTS.backoff),
    'Whether the wait doubles with each attempt. Each wait is cut by up to a half at random.',
  ),
  initial: quantity(DURATION, { min: 1, max: 3_600_000 }, 'Wait before the second attempt.').prefault(
    formatDuration(RETRY_DEFAULTS.initialMs),
  ),
  cap: quantity(DURATION, { min: 1, max: 86_400_000 }, 'The longest wait.').prefault(
    formatDuration(RETRY_DEFAULTS.capMs),
  ),
  on: described(
    z
      .array(z.enum(RETRYABLE_OUTCOMES))
      .min(1)
      .default([...RETRY_DEFAULTS.on]),
    'Outcomes that are tried again; `lost` only with `idempotent: true`.',
  ),
});

const lifecycle = z.strictObject({
  onLoad: described(z.boolean().default(true), '`on_load` once per process, before its first invocation.'),
  onShutdown: described(z.boolean().default(true), '`on_shutdown` before a polite stop.'),
  cancel: described(z.boolean().default(true), '`cancel` when an invocation is stopped, before the sandbox ends.'),
  metadata: described(z.boolean().default(true), '`get_metadata` once per version: facts for its page.'),
  configUi: described(z.boolean().default(true), '`get_config_ui` once per version: how to show its settings.'),
});

const network = z.literal('none', { error: 'must be `none`' });

export const manifestSchema = z.strictObject({
  apiVersion: described(z.literal('gantry/v1', { error: 'must be `gantry/v1`' }), 'The version of this format.'),
  name: z
    .string({ error: `must match ${NAME_RULE}` })
    .refine(isPluginName, { error: `must match ${NAME_RULE} and be no device name like \`con\`` })
    .meta({ description: 'Name of the plugin; unique on one installation.', pattern: `^${NAME_RULE}$` }),
  version: described(
    z.string().max(64).regex(SEMVER, { error: 'must be a version like `1.2.3` or `1.2.3-beta.1`, without `+`' }),
    'Semantic version of the plugin.',
  ),
  description: described(z.string().max(1000).default(''), 'One sentence for people.'),
  hooks: described(names.min(1), 'The hooks it serves.'),
  pipelines: described(
    z
      .array(z.string().regex(new RegExp(`^(\\*|${NAME_RULE})$`), { error: `must be \`*\` or match ${NAME_RULE}` }))
      .min(1)
      .max(LIST_MAX)
      .default(['*']),
    'Pipelines it serves; `*` means every pipeline that has the hook.',
  ),
  tags: described(names.default([]), 'Words to find it by, and to choose the plugins of a run by.'),
  failHard: described(z.boolean().default(false), '`true`: the run stops when this plugin fails.'),
  order: described(
    z.int().min(0).max(1_000_000).default(100),
    'Plugins of one hook run by ascending order; those of equal order run at the same time.',
  ),
  runtime: described(
    z.enum(RUNTIMES).optional(),
    'Gantry builds an image on this runtime. Exactly one of `runtime`, `dockerfile`, `image`.',
  ),
  dockerfile: described(path.optional(), "The author's own Dockerfile in the folder, where the operator permits it."),
  image: described(
    z
      .string()
      .regex(DIGEST_REFERENCE, { error: 'must name an image by digest: `name@sha256:<64 hex digits>`' })
      .optional(),
    'A ready image, by digest.',
  ),
  entry: described(
    path.optional(),
    'The file that the runtime starts. With `runtime`, exactly one of `entry`, `command`.',
  ),
  command: described(command.optional(), "Program and arguments, started in the plugin's folder."),
  dependencies: described(
    path.regex(/^[A-Za-z0-9._/-]+$/, { error: 'may hold only letters, digits, `.`, `_`, `-` and `/`' }).optional(),
    'File with the dependencies (requirements.txt, package.json, go.mod, Cargo.toml), installed in the build; needs `build.network`.',
  ),
  build: z
    .strictObject({
      network: described(
        z.boolean().default(false),
        '`true`: the build may use the network, where the operator permits it.',
      ),
    })
    .prefault({})
    .describe('How the image is built.'),
  protocol: described(
    z.enum(PROTOCOLS).default('json'),
    '`json`: one request document in, one result document out. `text`: any Unix filter. `stream`: many invocations per process, one message per line.',
  ),
  input: described(
    z.string().min(1).max(4096).optional(),
    'With `protocol: text`: the CEL expression that selects stdin; by default `data`.',
  ),
  output: described(
    z.enum(['json', 'text']).optional(),
    'With `protocol: text`: how stdout is read; by default JSON if it parses, else text.',
  ),
  reuse: described(
    z.enum(REUSES).default('never'),
    '`never`: a fresh sandbox per invocation. `fork`: a fresh process per invocation in a sandbox that stays. `warm`: the same process serves many invocations. Other than `never` with `protocol: stream` only.',
  ),
  concurrency: described(
    z.int().min(1).max(CONCURRENCY_MAX).default(1),
    `Invocations at once in one sandbox, 1 to ${CONCURRENCY_MAX}. Above 1 with \`reuse: warm\` only, and as far as the plugin says that it can. They share the sandbox's limits; when it has to go because of one of them, the others end as \`lost\`.`,
  ),
  idempotent: described(z.boolean().default(false), '`true`: an invocation whose fate is unknown may be repeated.'),
  retries: retries
    .optional()
    .describe('When an unsuccessful invocation is tried again, where the hook does not say; else the pipeline says.'),
  limits: limits.prefault({}).describe('Quotas of one sandbox.'),
  pool: pool.prefault({}).describe('How many sandboxes are kept.'),
  lifecycle: lifecycle
    .prefault({})
    .describe('With `protocol: stream`: what the plugin is told and asked beside `run`; each only if it offers it.'),
  services: described(
    z
      .array(z.enum(SERVICES, { error: `must be one of ${SERVICES.map((of) => `\`${of}\``).join(', ')}` }))
      .max(LIST_MAX)
      .default([]),
    'What it may use of the host. `artifact`: named bytes of the run, with `protocol: json` in the result. With `protocol: stream` also `state`: keys and values of this plugin that stay.',
  ),
  isolation: described(
    z.literal('standard', { error: 'must be `standard`' }).default('standard'),
    'Container runtime.',
  ),
  network: described(network.default('none'), 'A plugin has no network.'),
  secrets: described(
    z
      .array(z.string().regex(SECRET_NAME, { error: 'must be a name like `API_TOKEN`, never a value' }))
      .max(LIST_MAX)
      .default([]),
    'Names of the secrets it receives.',
  ),
  config: z
    .strictObject({
      schema: described(
        z.record(z.string(), z.unknown()).optional(),
        'JSON Schema of the settings: type, properties, required, enum, const, minimum, maximum, minLength, maxLength, format (date, time, date-time, email, uri, uuid), items, default, description, additionalProperties.',
      ),
    })
    .prefault({})
    .describe('Settings of the plugin.'),
});

/** plugin.yaml after defaults were filled in and quantities were read. */
export type Manifest = z.output<typeof manifestSchema>;
