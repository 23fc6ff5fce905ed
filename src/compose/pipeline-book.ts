// The declared pipelines as they are now: config/pipelines.yaml is looked at while the program runs, and a state of it without problems comes
// into force for new runs as soon as its versions are stored. With problems the old definitions stay, and the problems are told until mended.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { loadDeclared } from './load-declared.ts';
import { asGantryError } from '../core/errors/gantry-error.ts';
import type { Pipeline } from '../core/pipeline.ts';
import type { Problem } from '../core/plugin.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { Logger } from '../core/ports/logger.ts';

type Declared = ReadonlyMap<string, Pipeline>;

/** One reading of the file. */
export interface ReadPipelines {
  /** absolute */
  readonly path: string;
  /** the path as the reader would type it */
  readonly shown: string;
  readonly hash: string;
  readonly declared: Declared;
}

/** @throws GantryError CONFIG_NOT_FOUND, CONFIG_SYNTAX, PIPELINE_INVALID */
export async function readPipelines(path: string, shown: string): Promise<ReadPipelines> {
  // In this order: what is saved in between differs from the hash, and is found by the next look.
  const hash = await hashOf(path);
  return { path, shown, hash, declared: await loadDeclared(path, shown) };
}

export interface PipelineBookOptions {
  /** null: nothing is declared, and nothing will be */
  readonly first: ReadPipelines | null;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly intervalMs: number;
  /** Stores the versions of what is new or changed; while it throws, the definitions from before stay. */
  readonly store: (changed: readonly Pipeline[]) => Promise<void>;
}

export class PipelineBook implements AsyncDisposable {
  readonly #options: PipelineBookOptions;
  readonly #listeners = new Set<(declared: Declared) => void>();
  readonly #stop = new AbortController();
  #declared: Declared;
  #problems: readonly Problem[] = [];
  /** of the bytes that were last taken or refused */
  #known: string | null;
  /** of the look before: a change counts once it stood still for two */
  #seen: string | null;
  /** one look at a time */
  #looking: Promise<void> = Promise.resolve();
  #loop: Promise<void> | null = null;

  constructor(options: PipelineBookOptions) {
    this.#options = options;
    this.#declared = options.first?.declared ?? new Map();
    this.#known = options.first?.hash ?? null;
    this.#seen = this.#known;
  }

  current(): Declared {
    return this.#declared;
  }

  /** Of the file as it is now; empty when it is what `current` gives. */
  problems(): readonly Problem[] {
    return this.#problems;
  }

  /** Called after each change, with what is in force now; must not throw. */
  onChange(listener: (declared: Declared) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Looks at the file from now on. */
  start(): void {
    if (this.#options.first !== null) this.#loop ??= this.#lookUntilStopped(this.#stop.signal);
  }

  /** Takes the file as it stands, at once. What is wrong with it is then among the problems. */
  async reload(): Promise<void> {
    await this.#look(true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    await this.#looking;
  }

  async #lookUntilStopped(signal: AbortSignal): Promise<void> {
    const { clock, intervalMs } = this.#options;
    while (!signal.aborted) {
      await this.#look(false);
      await clock.sleep(intervalMs, signal).catch(() => undefined);
    }
  }

  async #look(isImpatient: boolean): Promise<void> {
    this.#looking = this.#looking.then(() => this.#lookOnce(isImpatient));
    await this.#looking;
  }

  async #lookOnce(isImpatient: boolean): Promise<void> {
    const { first, logger } = this.#options;
    if (first === null) return;
    const { path, shown } = first;
    const hash = await hashOf(path);
    const isStill = isImpatient || hash === this.#seen;
    this.#seen = hash;
    if (!isStill || hash === this.#known) return;
    try {
      await this.#take(await loadDeclared(path, shown));
      this.#known = hash;
      this.#problems = [];
      logger.log('info', 'the pipelines were read anew', {
        file: shown,
        pipelines: [...this.#declared.keys()].join(', '),
      });
    } catch (thrown) {
      const error = asGantryError(thrown, 'DEFECT');
      const isOwn = error.code.startsWith('STORE_');
      if (!isOwn) this.#known = hash;
      this.#problems =
        error.problems.length > 0
          ? error.problems
          : [{ code: error.code, message: error.message, file: shown, line: null, column: null }];
      const told = { file: shown, problems: this.#problems.map(lineOf).join('; ') };
      logger.log('error', 'the pipelines have problems: those from before stay in force', told);
    }
  }

  async #take(declared: Declared): Promise<void> {
    const changed = [...declared.values()].filter(({ name, version }) => this.#declared.get(name)?.version !== version);
    await this.#options.store(changed);
    this.#declared = declared;
    for (const listener of this.#listeners) listener(declared);
  }
}

/** A file that cannot be read has a state of its own, so that its problem is told once. */
async function hashOf(path: string): Promise<string> {
  try {
    return createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  } catch {
    return 'unreadable';
  }
}

function lineOf({ line, column, message, code }: Problem): string {
  const place = [line, column].filter((part) => part !== null).join(':');
  return `${place === '' ? '' : `${place}: `}${message} (${code})`;
}
