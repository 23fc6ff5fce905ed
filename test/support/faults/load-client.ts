// A client that keeps load on a program which dies under it, and writes down what it was told. Each request bears a key and is repeated
// with that key until its fate is clear, as a careful client would.
import { setTimeout as pause } from 'node:timers/promises';
import { chooseRun, type Asked } from './counter/counter-plugins.ts';
import { Decider } from './decider.ts';
import type { Answered } from './history.ts';
import type { RandomSource } from './seeded-random.ts';

/** One that waits longer asks again: the server may be stopped. */
const ANSWER_MS = 10_000;
const PAUSE_MS = 25;
/** One accepted request of so many is made once more with the same key. */
const ASK_AGAIN = 10;
/** Busy for now, and nothing was accepted. */
const REFUSALS: ReadonlySet<string> = new Set(['QUEUE_FULL', 'DRAINING']);

export interface LoadOptions {
  readonly random: RandomSource;
  /** requests at once */
  readonly lanes: number;
  /** where to ask now; null while nothing listens */
  readonly url: () => string | null;
}

export class LoadClient {
  readonly answers: Answered[] = [];
  readonly decider: Decider;
  readonly #options: LoadOptions;
  #lanes: Promise<unknown> | null = null;
  #isStopped = false;
  #keys = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.decider = new Decider(options.random, options.url);
  }

  get acceptedIds(): ReadonlySet<string> {
    return new Set(this.answers.flatMap((answer) => (answer.kind === 'accepted' ? [answer.runId] : [])));
  }

  start(): void {
    this.#isStopped = false;
    this.#lanes ??= Promise.all(Array.from({ length: this.#options.lanes }, () => this.#lane()));
  }

  /** Resolves when the fate of every request is clear, for which something must listen. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#lanes;
    this.#lanes = null;
  }

  /** Asks once for this run, until its fate is clear. @returns its id, null when it was refused */
  async ask(asked: Asked): Promise<string | null> {
    this.#keys += 1;
    return await this.#settle(`key-${String(this.#keys)}`, asked);
  }

  async #lane(): Promise<void> {
    const { random } = this.#options;
    while (!this.#isStopped) {
      const asked = chooseRun(random);
      this.#keys += 1;
      const key = `key-${String(this.#keys)}`;
      const isAskedTwice = random.below(ASK_AGAIN) === 0;
      const runId = await this.#settle(key, asked);
      // Runs that fail at once, as without an engine, shall not come by the thousand.
      await pause(PAUSE_MS);
      if (runId !== null) {
        if (isAskedTwice) await this.#settle(key, asked);
        await this.#watch(runId);
      }
      await this.decider.decideSome();
    }
  }

  async #settle(key: string, asked: Asked): Promise<string | null> {
    for (;;) {
      const url = this.#options.url();
      const answer = url === null ? null : await post(url, key, asked);
      if (answer !== null) this.answers.push(answer);
      if (answer?.kind === 'accepted') return answer.runId;
      if (answer?.kind === 'refused') return null;
      await pause(PAUSE_MS);
    }
  }

  /** Until the run has ended, or nobody can be asked any more: then others are asked for. */
  async #watch(runId: string): Promise<void> {
    while (!this.#isStopped) {
      const url = this.#options.url();
      if (url === null) return;
      try {
        const answer = await fetch(`${url}/api/v1/runs/${runId}`, {
          headers: { prefer: 'wait=2' },
          signal: AbortSignal.timeout(ANSWER_MS),
        });
        const run = (await answer.json()) as { finishedAt: string | null; waitsFor?: readonly { kind: string }[] };
        if (run.waitsFor?.some(({ kind }) => kind === 'approval') === true) this.decider.take(runId);
        if (!answer.ok || run.finishedAt !== null || (run.waitsFor ?? []).length > 0) return;
      } catch {
        return;
      }
    }
  }
}

async function post(url: string, key: string, { pipeline, data }: Asked): Promise<Answered> {
  try {
    const answer = await fetch(`${url}/api/v1/pipelines/${pipeline}/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ data }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const body = (await answer.json()) as { id?: string; code?: string; durability?: string };
    if (answer.status === 202 && body.id !== undefined)
      return { kind: 'accepted', key, runId: body.id, isHeld: body.durability === 'queued' };
    const code = body.code ?? String(answer.status);
    return REFUSALS.has(code) ? { kind: 'refused', key, code } : { kind: 'unknown', key, cause: code };
  } catch (error) {
    return { kind: 'unknown', key, cause: String(error) };
  }
}
