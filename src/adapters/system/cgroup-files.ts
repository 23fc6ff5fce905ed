// Which cgroup file says what, in both versions: the one table that the asynchronous reading and the held-open gauge share.
import type { CgroupUsage } from '../../core/ports/usage-meter.ts';

const NO_LIMIT = 2 ** 52;
const decoder = new TextDecoder('latin1');

interface Source {
  /** folder of the version 1 controller; version 2 has one folder for all */
  readonly controller: string;
  readonly file: string;
  /** name of the line; null: the file is one number */
  readonly field: string | null;
  readonly divisor: number;
}

export type CgroupVersion = 1 | 2;

const source = (controller: string, file: string, field: string | null = null, divisor = 1): Source => ({
  controller,
  file,
  field,
  divisor,
});

const SOURCES: Readonly<Record<CgroupVersion, Readonly<Record<keyof CgroupUsage, Source>>>> = {
  1: {
    cpuTimeMs: source('cpuacct', 'cpuacct.usage', null, 1_000_000),
    memoryBytes: source('memory', 'memory.usage_in_bytes'),
    memoryPeakBytes: source('memory', 'memory.max_usage_in_bytes'),
    anonBytes: source('memory', 'memory.stat', 'rss'),
    shmemBytes: source('memory', 'memory.stat', 'shmem'),
    pids: source('pids', 'pids.current'),
    oomKills: source('memory', 'memory.oom_control', 'oom_kill'),
    throttledMs: source('cpu', 'cpu.stat', 'throttled_time', 1_000_000),
    pidsRefused: source('pids', 'pids.events', 'max'),
  },
  2: {
    cpuTimeMs: source('', 'cpu.stat', 'usage_usec', 1_000),
    memoryBytes: source('', 'memory.current'),
    memoryPeakBytes: source('', 'memory.peak'),
    anonBytes: source('', 'memory.stat', 'anon'),
    shmemBytes: source('', 'memory.stat', 'shmem'),
    pids: source('', 'pids.current'),
    oomKills: source('', 'memory.events', 'oom_kill'),
    throttledMs: source('', 'cpu.stat', 'throttled_usec', 1_000),
    pidsRefused: source('', 'pids.events', 'max'),
  },
};

interface CgroupFile {
  readonly controller: string;
  readonly file: string;
}

const FILES: Readonly<Record<CgroupVersion, readonly CgroupFile[]>> = { 1: eachOnce(1), 2: eachOnce(2) };

/** The files of a version, each once; `controller` is empty in version 2. */
export function filesOf(version: CgroupVersion): readonly CgroupFile[] {
  return FILES[version];
}

function eachOnce(version: CgroupVersion): readonly CgroupFile[] {
  const all = Object.values(SOURCES[version]);
  return all.filter(({ file }, index) => all.findIndex((other) => other.file === file) === index);
}

/** What nearly every run moves and one small file, or one line of it, says. */
export interface UsualUsage {
  readonly cpuTimeMs: number | null;
  readonly memoryBytes: number | null;
  readonly memoryPeakBytes: number | null;
  readonly pids: number | null;
}

const USUAL = ['cpuTimeMs', 'memoryBytes', 'memoryPeakBytes', 'pids'] as const satisfies (keyof UsualUsage)[];

/** The files of the usual figures, in the order of usualFrom's texts. */
export function usualFilesOf(version: CgroupVersion): readonly CgroupFile[] {
  return USUAL.map((name) => SOURCES[version][name]);
}

/**
 * The usual figures; null when the container is gone.
 * @param read says what the file of that place in usualFilesOf holds now: it is used up before the next one is read
 */
export function usualFrom(version: CgroupVersion, read: (place: number) => Uint8Array): UsualUsage | null {
  const { cpuTimeMs, memoryBytes, memoryPeakBytes, pids } = SOURCES[version];
  const usage = {
    cpuTimeMs: valueIn(cpuTimeMs, read(0)),
    memoryBytes: valueIn(memoryBytes, read(1)),
    memoryPeakBytes: valueIn(memoryPeakBytes, read(2)),
    pids: valueIn(pids, read(3)),
  };
  return usage.cpuTimeMs === null && usage.memoryBytes === null ? null : usage;
}

/** Which of the texts a field is read from. */
const PLACES: Readonly<Record<CgroupVersion, ReadonlyMap<string, number>>> = { 1: placesOf(1), 2: placesOf(2) };

function placesOf(version: CgroupVersion): ReadonlyMap<string, number> {
  return new Map(FILES[version].map(({ file }, index) => [file, index]));
}

/**
 * The usage by the files' texts; null when the container is gone and nothing could be read.
 * @param texts in the order of filesOf; '' for what cannot be read
 */
export function usageFrom(version: CgroupVersion, texts: readonly string[]): CgroupUsage | null {
  const sources = SOURCES[version];
  const places = PLACES[version];
  const value = (name: keyof CgroupUsage): number | null =>
    valueOf(sources[name], texts[places.get(sources[name].file) ?? -1] ?? '');
  const usage: CgroupUsage = {
    cpuTimeMs: value('cpuTimeMs'),
    memoryBytes: value('memoryBytes'),
    memoryPeakBytes: value('memoryPeakBytes'),
    anonBytes: value('anonBytes'),
    shmemBytes: value('shmemBytes'),
    pids: value('pids'),
    oomKills: value('oomKills'),
    throttledMs: value('throttledMs'),
    pidsRefused: value('pidsRefused'),
  };
  return usage.cpuTimeMs === null && usage.memoryBytes === null ? null : usage;
}

/** Null for a missing file or line, `max` and the like. */
function valueOf({ field, divisor }: Source, text: string): number | null {
  const digits = field === null ? text : (lineOf(text, field) ?? '');
  const value = Number.parseInt(digits, 10);
  return Number.isSafeInteger(value) && value < NO_LIMIT ? value / divisor : null;
}

/** As valueOf. A file that is one number is read digit by digit: no text is made of it. */
function valueIn(source: Source, bytes: Uint8Array): number | null {
  if (source.field !== null) return valueOf(source, decoder.decode(bytes));
  let value = 0;
  let at = 0;
  for (let digit = digitAt(bytes, 0); digit >= 0 && digit <= 9; digit = digitAt(bytes, at)) {
    value = value * 10 + digit;
    at += 1;
  }
  return at > 0 && value < NO_LIMIT ? value / source.divisor : null;
}

function digitAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) - 48;
}

/** What follows `name ` at a line's start. Looks instead of splitting: memory.stat has forty lines, and one is wanted. */
function lineOf(text: string, name: string): string | null {
  const start = text.startsWith(`${name} `) ? 0 : text.indexOf(`\n${name} `) + 1;
  if (start === 0 && !text.startsWith(`${name} `)) return null;
  return text.slice(start + name.length + 1, start + name.length + 24);
}
