// Every check of `gantry plugin test`, in the order in which they are told: what each promises of a plugin, for which protocols, and how to
// mend a plugin that fails it. docs/testing-plugins.md is generated from this table.
import type { Protocol } from '../../core/plugin.ts';

interface CheckRow {
  readonly id: string;
  /** what a plugin that passes does, as a sentence without a subject */
  readonly promise: string;
  readonly protocols: readonly Protocol[];
  /** how it is looked at */
  readonly how: string;
  readonly mend: string;
}

const ALL: readonly Protocol[] = ['json', 'text', 'stream'];
const REQUESTS: readonly Protocol[] = ['json', 'stream'];
const STREAM: readonly Protocol[] = ['stream'];

export const CHECKS = [
  {
    id: 'manifest',
    promise: 'has a folder and a plugin.yaml without problems',
    protocols: ALL,
    how: 'The folder is read as Gantry reads it; every problem is told with its line.',
    mend: 'Mend the places named; docs/manifest.md has every key.',
  },
  {
    id: 'fixtures',
    promise: 'has fixtures that can be read',
    protocols: ALL,
    how: 'Each `fixtures/*.json` is checked against the format below; a plugin without one is tried with empty data.',
    mend: 'Mend the places named; docs/testing-plugins.md has the format.',
  },
  {
    id: 'build',
    promise: 'builds',
    protocols: ALL,
    how: 'The image is built as Gantry builds it, under the same policy. An unchanged one is taken as it is.',
    mend: 'Mend the line named; the end of the build log is shown.',
  },
  {
    id: 'image',
    promise: 'has an image that does not weaken the sandbox',
    protocols: ALL,
    how: "The image's settings are looked at: no VOLUME, HEALTHCHECK, root as its user and the like.",
    mend: 'Remove each setting named from the Dockerfile or the image.',
  },
  {
    id: 'ready',
    promise: 'starts, and is ready within the time of a start',
    protocols: ALL,
    how: 'The command starts; under `stream`, `initialize` and `on_load` are answered in time.',
    mend: 'Do less before being ready: load what is slow in the first invocation, and wait for nothing outside.',
  },
  {
    id: 'good-input',
    promise: 'answers each fixture as it expects',
    protocols: ALL,
    how: 'Each fixture is an invocation of its own; its end is compared with `expect`.',
    mend: 'Compare the answer with what the fixture expects, and mend the one that is wrong.',
  },
  {
    id: 'stdout',
    promise: 'writes one answer to stdout and nothing else',
    protocols: REQUESTS,
    how: 'All that was written to stdout in all checks is read again; a print or a second answer is told.',
    mend: 'Print to stderr or use the log of the SDK; import the SDK first, so that prints of libraries become log lines.',
  },
  {
    id: 'nonce',
    promise: 'answers with the nonce of the request',
    protocols: STREAM,
    how: 'Every invocation has a nonce of its own.',
    mend: 'Copy `params.invocation.nonce` of the request into `result.nonce`; an SDK does.',
  },
  {
    id: 'deadline',
    promise: 'answers before its deadline',
    protocols: ALL,
    how: 'The fixtures are answered within `limits.timeout`.',
    mend: 'Be done before `invocation.deadline`, or raise `limits.timeout`.',
  },
  {
    id: 'limits',
    promise: 'gets by with its own limits',
    protocols: ALL,
    how: 'No fixture ends by memory, CPU time or output; the greatest use is told.',
    mend: 'Use less, or raise the limit named in plugin.yaml.',
  },
  {
    id: 'read-only-root',
    promise: 'writes to /tmp only',
    protocols: ALL,
    how: 'The root file system is read-only, as always; a failure that names it is told here.',
    mend: 'Write below /tmp (`limits.tmp` says how much); point caches and home folders there.',
  },
  {
    id: 'no-network',
    promise: 'needs no network',
    protocols: ALL,
    how: 'There is no network, as always; a failure that names it is told here.',
    mend: 'Take what is needed from the context, or put it into the image at build time.',
  },
  {
    id: 'any-user',
    promise: 'runs as whatever user it is given',
    protocols: ALL,
    how: 'Two sandboxes at once, each with a user of its own, answer the same fixture; no user has a name.',
    mend: 'Make files of the image readable for everybody, and look up no user name or home folder.',
  },
  {
    id: 'logs',
    promise: 'keeps its log lines within their limit',
    protocols: ALL,
    how: 'What the fixtures write to stderr arrives as log lines and fits into `limits.logs`.',
    mend: 'Log less, or raise `limits.logs`.',
  },
  {
    id: 'bad-input',
    promise: 'meets bad data with an answer or a clean error',
    protocols: ALL,
    how: 'The first fixture is sent again with null, a number, a text, a list and an empty object as its data.',
    mend: 'Check the data before using it; report what is wrong as an error result (`fail` of the SDK).',
  },
  {
    id: 'newer-protocol',
    promise: 'ignores members that it does not know',
    protocols: REQUESTS,
    how: 'The first fixture is sent as a newer minor version would: protocol 1.9, unknown members everywhere.',
    mend: 'Read the members you need and ignore all others; accept every `1.x` of `protocol`.',
  },
  {
    id: 'big-input',
    promise: 'reads a request of more than 1 MiB',
    protocols: ALL,
    how: 'The first fixture is sent with 1 MiB more: as earlier results, or as data of a text plugin.',
    mend: 'Read stdin to its end (`json`, `text`) or to the end of the line (`stream`), not one buffer of it.',
  },
  {
    id: 'unicode',
    promise: 'reads every character of Unicode',
    protocols: ALL,
    how: 'The first fixture is sent with other scripts, emoji, line separators and control characters around it.',
    mend: 'Read and write UTF-8, whatever the locale says.',
  },
  {
    id: 'reuse',
    promise: 'keeps invocations of one sandbox apart and leaves nothing behind',
    protocols: STREAM,
    how: 'With `reuse` fork or warm: three invocations in one sandbox, after each of which it must be clean.',
    mend: 'Remove files and end child processes before the answer, keep nothing of a request; or use `reuse: never`.',
  },
  {
    id: 'concurrency',
    promise: 'answers invocations at once, each for itself',
    protocols: STREAM,
    how: 'With `concurrency` above 1: up to four invocations at once in one sandbox.',
    mend: 'Keep what belongs to an invocation out of globals, and write each line whole; or use `concurrency: 1`.',
  },
  {
    id: 'cancel',
    promise: 'ends within the grace when it is cancelled',
    protocols: ALL,
    how: 'The fixture marked `cancel`, else the first, is cancelled at once by `cancel` (`stream`); or by SIGTERM, the marked one at its first log line or after 500 ms.',
    mend: 'Look at `cancelled` while working, and return; do not ignore SIGTERM.',
  },
  {
    id: 'metadata',
    promise: 'says facts about itself when it is asked, if it offers them',
    protocols: STREAM,
    how: '`get_metadata` is asked of a sandbox that stands idle: an object on a line of at most 64 KiB, within ten seconds.',
    mend: 'Answer `get_metadata` at once with a small object, or do not offer it.',
  },
  {
    id: 'config-ui',
    promise: 'says its settings as a form when it is asked, if it offers one',
    protocols: STREAM,
    how: '`get_config_ui` is asked in the same way: a JSON Schema of an object, with no setting that `config.schema` does not have.',
    mend: 'Answer `get_config_ui` with `{schema, hints}`, the schema that of the manifest, or do not offer it.',
  },
  {
    id: 'polite-end',
    promise: 'ends by itself when there is nothing more to do',
    protocols: ALL,
    how: 'Input ends without a request (`json`, `text`), or after `on_shutdown` (`stream`): exit code 0, no output.',
    mend: 'At the end of stdin without a request, end with exit code 0 and write nothing.',
  },
] as const satisfies readonly CheckRow[];

export type CheckId = (typeof CHECKS)[number]['id'];

export const FINDING_STATES = ['passed', 'failed', 'not_applicable'] as const;

/** What came of one check. */
export interface Finding {
  readonly check: CheckId;
  readonly state: (typeof FINDING_STATES)[number];
  /** one line, escaped: what was seen, or why it does not apply */
  readonly reason: string;
  /** null unless it failed */
  readonly mend: string | null;
  readonly durationMs: number;
}

export function checkRow(id: CheckId): CheckRow {
  const row = CHECKS.find((check) => check.id === id);
  if (row === undefined) throw new Error(`no check ${id}`);
  return row;
}
