// Every key of config/system.yaml with its meaning, unit and default. config/system.yaml is generated from here (and checked for staleness).
import { z } from 'zod';
import { parseDurationMs } from '../lib/parse-duration.ts';
import { parseSizeBytes } from '../lib/parse-size.ts';
import { SecretText } from '../lib/secret-text.ts';

function duration(fallback: string, min: string, max: string, meaning: string) {
  const minMs = parseDurationMs(min) ?? 0;
  const maxMs = parseDurationMs(max) ?? 0;
  return z
    .string()
    .transform((text) => parseDurationMs(text))
    .refine((ms): ms is number => ms !== null && ms >= minMs && ms <= maxMs, {
      error: `is no duration from ${min} to ${max} (write 250ms, 30s, 10m, 2h or 7d)`,
    })
    .prefault(fallback)
    .describe(meaning);
}

function size(fallback: string, min: string, max: string, meaning: string) {
  const minBytes = parseSizeBytes(min) ?? 0;
  const maxBytes = parseSizeBytes(max) ?? 0;
  return z
    .union([z.string(), z.number()])
    .transform((value) => parseSizeBytes(value))
    .refine((bytes): bytes is number => bytes !== null && bytes >= minBytes && bytes <= maxBytes, {
      error: `is no size from ${min} to ${max} (write 512Ki, 128Mi, 1Gi or bytes)`,
    })
    .prefault(fallback)
    .describe(meaning);
}

function whole(fallback: number, min: number, max: number, meaning: string) {
  return z.int().min(min).max(max).prefault(fallback).describe(meaning);
}

function ratio(fallback: number, meaning: string) {
  return z.number().min(0.01).max(1).prefault(fallback).describe(meaning);
}

function path(fallback: string, meaning: string) {
  return z.string().min(1).max(1024).prefault(fallback).describe(meaning);
}

const HOST = /^[a-zA-Z0-9.:_-]{1,255}$/;
function host(fallback: string, meaning: string) {
  return z.string().regex(HOST, 'is no host name or address').prefault(fallback).describe(meaning);
}

export const SYSTEM_SCHEMA = z.strictObject({
  web: z
    .strictObject({
      host: host('127.0.0.1', 'Address of the panel and the API. Keep it on loopback until accounts exist.'),
      port: whole(8080, 0, 65_535, 'Port of the panel and the API; 0 takes a free one.'),
      allowedHosts: z
        .array(z.string().regex(HOST, 'is no host name or address'))
        .max(64)
        .prefault([])
        .describe('Host names accepted besides loopback ones.'),
    })
    .prefault({}),
  metrics: z
    .strictObject({
      host: host('127.0.0.1', 'Address of the metrics listener.'),
      port: whole(9464, 0, 65_535, 'Port of the metrics listener; 0 takes a free one.'),
    })
    .prefault({}),
  store: z
    .strictObject({
      uri: z
        .string()
        .max(2048)
        .regex(/^$|^mongodb(\+srv)?:\/\/./, 'is neither empty nor a mongodb:// address')
        .transform((text) => new SecretText(text))
        .prefault('')
        .describe('mongodb://… ; empty: the embedded SQLite file in the data folder.'),
      database: z
        .string()
        .regex(/^[a-zA-Z][a-zA-Z0-9_-]{0,62}$/, 'is no database name')
        .prefault('gantry')
        .describe('Name of the MongoDB database.'),
      timeout: duration('10s', '100ms', '5m', 'How long one operation of the store may take.'),
      flushWithin: duration('25ms', '1ms', '10s', 'How long records of queued runs may wait in memory.'),
      heldSize: size('64Mi', '1Mi', '4Gi', 'Memory that such records may take; beyond, new runs wait for the store.'),
    })
    .prefault({}),
  engine: z
    .strictObject({
      timeout: duration(
        '30s',
        '1s',
        '10m',
        'How long one request to the Docker Engine may take (builds have their own limit).',
      ),
    })
    .prefault({}),
  plugins: z
    .strictObject({
      folder: path('plugins', 'Folder with one folder per plugin.'),
      scanInterval: duration('1s', '100ms', '1h', 'How often the folder is looked at for changes.'),
    })
    .prefault({}),
  pipelines: z
    .strictObject({
      file: path('config/pipelines.yaml', 'File that declares the pipelines.'),
    })
    .prefault({}),
  runs: z
    .strictObject({
      maxRunning: whole(16, 1, 10_000, 'Runs under way at once.'),
      maxQueued: whole(1000, 1, 1_000_000, 'Runs that wait at once, per pipeline; beyond, triggers answer QUEUE_FULL.'),
      heartbeat: duration('3s', '100ms', '1m', 'How often a worker says that it is alive.'),
      deadAfter: duration('15s', '1s', '10m', 'Silence after which a worker counts as dead.'),
      grace: duration('10s', '0ms', '10m', 'How long runs may go on when the program is asked to stop.'),
      sandboxWait: duration('1m', '100ms', '1h', 'How long an invocation waits for a sandbox before it ends as busy.'),
    })
    // Else a worker that beats as it should lets its runs go between two beats.
    .refine(({ heartbeat, deadAfter }) => deadAfter >= 2 * heartbeat, {
      path: ['deadAfter'],
      error: 'must be at least twice runs.heartbeat',
    })
    .prefault({}),
  sandbox: z
    .strictObject({
      cpuOvercommit: z
        .number()
        .min(0.1)
        .max(64)
        .prefault(4)
        .describe("CPU promised to sandboxes, as a multiple of the engine's cores."),
      memoryShare: z
        .number()
        .min(0.05)
        .max(1)
        .prefault(0.8)
        .describe("Share of the engine's memory that sandboxes may be promised."),
      maxWaiting: whole(1000, 1, 100_000, 'Invocations that wait for capacity at once.'),
      maxWaitingPerPipeline: whole(500, 1, 100_000, 'Of one pipeline; one that floods leaves the rest to the others.'),
      quarantineFailures: whole(
        5,
        1,
        1000,
        'Failed starts or crashes in a row after which a plugin version is left alone, but for one probe now and then.',
      ),
      quarantineWindow: duration('10m', '1s', '1d', 'The time in which these failures must lie.'),
      grace: duration('2s', '0ms', '1m', 'Time that a cancelled plugin has before it is killed.'),
      transport: z
        .enum(['auto', 'attach'])
        .prefault('auto')
        .describe(
          "How `stream` plugins are reached: auto takes named pipes where the engine shares host and files with Gantry, else the engine's stream (attach).",
        ),
    })
    .prefault({}),
  artifacts: z
    .strictObject({
      maxSize: size('64Mi', '1Ki', '4Gi', 'Bytes of one artifact.'),
      maxRunSize: size('256Mi', '1Ki', '64Gi', 'Bytes of all artifacts of one run.'),
    })
    .prefault({}),
  brake: z
    .strictObject({
      isOn: z
        .boolean()
        .prefault(true)
        .describe(
          "Whether starts of sandboxes are slowed while the host is pressed, and stopped while it is short of memory. The engine's must be this host.",
        ),
      interval: duration('2s', '100ms', '1m', 'How often the pressure is read.'),
      cpu: ratio(0.95, 'CPU pressure from which on starts that nobody waits for are put off.'),
      io: ratio(0.95, 'The same for I/O; starts go one by one then.'),
      memory: ratio(0.2, 'The same for memory, counted only while less than a tenth of it is available.'),
      memoryStop: ratio(
        0.5,
        'Memory pressure from which on nothing is started while something runs, and idle sandboxes are stopped.',
      ),
    })
    .prefault({}),
  build: z
    .strictObject({
      allowDockerfile: z.boolean().prefault(true).describe('Whether plugins may bring their own Dockerfile.'),
      allowNetwork: z
        .boolean()
        .prefault(true)
        .describe('Whether plugins may ask for the network while they are built.'),
      timeout: duration('5m', '1s', '1h', 'How long one build may take.'),
      memory: size('1Gi', '64Mi', '64Gi', 'Memory of one build.'),
    })
    .prefault({}),
  images: z
    .strictObject({
      isOn: z
        .boolean()
        .prefault(true)
        .describe('Whether old images are removed without being asked; `gantry gc` does it either way.'),
      interval: duration('1h', '1m', '7d', 'How often old images are looked for.'),
      keepVersions: whole(3, 1, 1000, 'Newest versions of each plugin whose images stay.'),
      keepFor: duration(
        '7d',
        '0ms',
        '365d',
        'Images of versions used within this time stay besides, also those of plugins whose folder is gone.',
      ),
      diskFree: z
        .number()
        .min(0)
        .max(0.9)
        .prefault(0.1)
        .describe(
          "Free share of the engine's disk below which all images but each plugin's newest and those in use go, oldest use first; 0: never.",
        ),
    })
    .prefault({}),
  retention: z
    .strictObject({
      isOn: z
        .boolean()
        .prefault(true)
        .describe('Whether old records are removed without being asked; `gantry gc --runs` does it either way.'),
      interval: duration('1h', '1m', '7d', 'How often old records are looked for.'),
      keepFor: duration('30d', '1m', '3650d', 'Runs that ended longer ago are removed with all that belongs to them.'),
      keepRuns: whole(10_000, 1, 10_000_000, 'Ended runs of each pipeline that stay at most, the newest.'),
      keepLogsFor: duration('14d', '1m', '3650d', 'Log lines older than this go, also those of runs that stay.'),
      keepArtifactsFor: duration('30d', '1m', '3650d', 'Artifacts of runs that ended longer ago go before their runs.'),
      keepVersions: whole(
        100,
        1,
        100_000,
        'Newest versions of each pipeline and each plugin that stay; older ones go once they are older than keepFor, those with an image never.',
      ),
    })
    .prefault({}),
  secrets: z
    .strictObject({
      folder: path('config/secrets', 'Folder with one file per secret; GANTRY_SECRET_<NAME> comes first.'),
    })
    .prefault({}),
  logs: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).prefault('info').describe('Least level that is written.'),
      folder: path('logs', 'Folder of the log files.'),
      maxSize: size('10Mi', '64Ki', '1Gi', 'Size at which a log file is put aside.'),
      keep: whole(5, 1, 100, 'Log files that are kept.'),
    })
    .prefault({}),
});

/** The checked settings: durations in milliseconds, sizes in bytes. */
export type SystemConfig = z.output<typeof SYSTEM_SCHEMA>;
