// The form of config/pipelines.yaml. What a form cannot say (cycles, names that stand nowhere) is check-pipeline's.
import { z } from 'zod';
import { DURABILITIES, MAX_PARALLEL_DEFAULT, WHEN_FULL } from '../core/pipeline.ts';
import { CATCH_UPS, OVERLAPS } from '../core/pipeline-trigger.ts';
import { BACKOFFS, RETRIES_MAX, RETRY_DEFAULTS, RETRYABLE_OUTCOMES } from '../core/retry.ts';
import { parseDurationMs } from '../lib/parse-duration.ts';

const NAME = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, 'is no name: [a-z][a-z0-9_-]{0,62}');
const WEBHOOK_PATH = /^[a-z0-9][a-z0-9_-]*(\/[a-z0-9][a-z0-9_-]*){0,7}$/;
const SECRET_NAME = /^[A-Z][A-Z0-9_]{0,62}$/;
const EXPRESSION_MAX = 2_000;
const TAGS_MAX = 20;

function duration(longest: string): z.ZodType<number, string> {
  const error = `is no duration from 1ms to ${longest} (write 250ms, 30s, 10m, 2h or 7d)`;
  return z
    .string({ error })
    .transform((text) => parseDurationMs(text))
    .refine((ms): ms is number => ms !== null && ms >= 1 && ms <= (parseDurationMs(longest) ?? 0), { error });
}

const timeout = duration('7d');
const expression = z.string().min(1).max(EXPRESSION_MAX);
const tags = z.array(NAME).max(TAGS_MAX).prefault([]);
const params = z.record(z.string(), z.unknown());

export const RETRIES = z.strictObject({
  max: z.int().min(0).max(RETRIES_MAX).describe('Attempts after the first.'),
  backoff: z.enum(BACKOFFS).prefault(RETRY_DEFAULTS.backoff).describe('How the wait grows.'),
  initial: duration('1h').optional().describe('Wait before the second attempt; 1s where nothing is said.'),
  cap: duration('1d').optional().describe('The longest wait; 1m where nothing is said.'),
  on: z.array(z.enum(RETRYABLE_OUTCOMES)).min(1).optional().describe('Outcomes that are tried again.'),
});

export const APPROVAL = z.strictObject({
  roles: z.array(NAME).max(TAGS_MAX).prefault([]).describe('Who may decide; enforced once accounts exist.'),
  timeout: duration('30d').prefault('24h').describe('How long a decision is waited for.'),
  onTimeout: z.enum(['reject', 'approve']).prefault('reject').describe('The decision when nobody decides.'),
});

export const SUB_RUN = z.strictObject({
  pipeline: NAME.describe('The pipeline that is run as this hook.'),
  params: expression.optional().describe('CEL, an object: params of that run.'),
  input: expression.optional().describe("CEL: data of that run; this run's data where nothing is said."),
});

export const HOOK = z.strictObject({
  name: NAME.describe('Name that plugins subscribe to.'),
  after: z.array(NAME).max(100).optional().describe('Hooks that must have ended before; the one before it if absent.'),
  when: expression.optional().describe('CEL: the hook is skipped when it is false.'),
  forEach: expression.optional().describe('CEL, a list: each plugin is called once per item.'),
  maxParallel: z.int().min(1).max(64).prefault(MAX_PARALLEL_DEFAULT).describe('Items of forEach at once.'),
  timeout: timeout.optional().describe('Wall time of the whole hook.'),
  retries: RETRIES.optional().describe('When an unsuccessful invocation is tried again.'),
  approval: APPROVAL.optional().describe('A person decides before the plugins are called.'),
  run: SUB_RUN.optional().describe('The hook is a run of another pipeline.'),
});

/** A hook of `onFailure` and `finally`; its name alone will do. */
export const CLOSING_HOOK = z.strictObject({
  name: HOOK.shape.name,
  when: HOOK.shape.when,
  timeout: HOOK.shape.timeout,
  retries: HOOK.shape.retries,
});

const closing = z
  .array(z.preprocess((value) => (typeof value === 'string' ? { name: value } : value), CLOSING_HOOK))
  .max(20)
  .prefault([]);

export const WEBHOOK = z.strictObject({
  path: z
    .string()
    .max(200)
    .regex(WEBHOOK_PATH, 'is no path: words of a-z 0-9 _ - with / between')
    .describe('Path below /hooks/.'),
  secret: z
    .string()
    .regex(SECRET_NAME, 'is no name of a secret: [A-Z][A-Z0-9_]{0,62}')
    .describe('Name of the secret that signs.'),
});

/** Of `schedule` and `webhook` exactly one; the keys that belong to schedules go with that one only. */
export const TRIGGER = z.strictObject({
  name: NAME.optional().describe('Its name; schedule-1, webhook-1, … where nothing is said.'),
  schedule: z.string().min(1).max(200).optional().describe('When: cron, five fields, or six with seconds first.'),
  timezone: z.string().min(1).max(64).optional().describe('IANA name of the time zone; UTC where nothing is said.'),
  catchUp: z.enum(CATCH_UPS).optional().describe('What becomes of times that were missed; latest.'),
  overlap: z.enum(OVERLAPS).optional().describe('What happens when the run before has not ended; skip.'),
  webhook: WEBHOOK.optional().describe('A signed request starts a run.'),
  params: params.prefault({}).describe('Params of the runs.'),
  tags: tags.describe('Only plugins with one of these tags are called.'),
  skipTags: tags.describe('Plugins with one of these tags are not called.'),
});

export const CONCURRENCY = z.strictObject({
  max: z.int().min(1).max(10_000).describe('Runs at once, per key.'),
  key: expression.optional().describe('CEL over params and data: runs with the same key share the limit.'),
  whenFull: z.enum(WHEN_FULL).prefault('queue').describe('What becomes of a run without a place.'),
});

/** In place of `retention` of the system; what is not said is as there. */
export const RETENTION = z.strictObject({
  keepFor: duration('3650d').optional().describe('Runs that ended longer ago are removed.'),
  keepRuns: z.int().min(1).max(10_000_000).optional().describe('Ended runs that stay at most, the newest.'),
  keepLogsFor: duration('3650d').optional().describe('Log lines of runs that ended longer ago are removed.'),
  keepArtifactsFor: duration('3650d').optional().describe('Artifacts of runs that ended longer ago are removed.'),
});

export const PIPELINE = z.strictObject({
  name: NAME.describe('Name of the pipeline.'),
  description: z.string().max(1000).prefault('').describe('What it is for.'),
  params: params.optional().describe('JSON Schema (documented subset) of the params.'),
  triggers: z.array(TRIGGER).max(50).prefault([]).describe('What starts it by itself.'),
  concurrency: CONCURRENCY.optional().describe('How many runs at once.'),
  timeout: timeout.prefault('10m').describe('Wall time of a run.'),
  priority: z.int().min(-100).max(100).prefault(0).describe('Runs of a higher priority are claimed first.'),
  retries: RETRIES.optional().describe('Retries where neither the hook nor the plugin says.'),
  onMergeConflict: z
    .enum(['warn', 'fail'])
    .prefault('warn')
    .describe('What happens when parallel plugins give the same key different values.'),
  durability: z
    .enum(DURABILITIES)
    .prefault('stored')
    .describe('Whether a run is acknowledged when it is stored, or at once and stored within store.flushWithin.'),
  retention: RETENTION.optional().describe('How long its runs, their logs and their artifacts stay.'),
  hooks: z.array(HOOK).min(1).max(100).describe('Hooks in their order.'),
  onFailure: closing.describe('Hooks that are run when the run failed.'),
  finally: closing.describe('Hooks that are always run, last.'),
});

export const FILE = z.strictObject({ pipelines: z.array(PIPELINE).max(1000) });

export type DeclaredPipeline = z.output<typeof PIPELINE>;
export type DeclaredHook = z.output<typeof HOOK>;
export type DeclaredClosingHook = z.output<typeof CLOSING_HOOK>;
export type DeclaredTrigger = z.output<typeof TRIGGER>;
export type DeclaredRetention = z.output<typeof RETENTION>;
export type DeclaredRetries = z.output<typeof RETRIES>;
