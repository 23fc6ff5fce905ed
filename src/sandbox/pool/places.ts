// The sandboxes of a pool that are at work, and the invocations in each. One of a plugin that works on several at once has places for more,
// which are given only once its CPU was had: the CPU of a sandbox is promised once, however many share it.
import type { Sandbox } from '../container/sandbox.ts';
import { joined, type Taken } from './taken.ts';
import type { Holding } from './tokens.ts';
import type { WaitingLine } from './waiting-line.ts';

interface Work {
  inFlight: number;
  /** null until it was had, and of one that ends */
  cpu: Holding | null;
  /** why nobody may join it any more; null while anybody may */
  over: string | null;
}

/** Somebody left a sandbox: how many are still at work in it, and why it has to go then (null: it may serve on). */
export interface Left<Over extends string | null> {
  readonly inFlight: number;
  readonly over: string | Over;
}

export class Places {
  readonly #works = new Map<Sandbox, Work>();
  readonly #waiting: WaitingLine<Taken>;
  readonly #nowMs: () => number;

  constructor(waiting: WaitingLine<Taken>, nowMs: () => number) {
    this.#waiting = waiting;
    this.#nowMs = nowMs;
  }

  /** How many who wait can hope for no place that is made ready already. */
  get needed(): number {
    return Math.max(0, this.#waiting.size - this.#promised);
  }

  /** The first invocation takes a sandbox that stood idle. */
  begin(sandbox: Sandbox): void {
    this.#works.set(sandbox, { inFlight: 0, cpu: null, over: null });
    this.#add(sandbox);
  }

  /** Its CPU was had: from now on others may join, those who wait first. */
  open(sandbox: Sandbox, cpu: Holding): void {
    const work = this.#works.get(sandbox);
    if (work === undefined) cpu.release();
    else work.cpu = cpu;
    this.#serve();
  }

  /** A place beside others; null when there is none, or somebody waits already. */
  tryJoin(secretsKey: string): Taken | null {
    const sandbox = this.#waiting.size > 0 ? null : this.#join(secretsKey);
    return sandbox === null ? null : joined(sandbox);
  }

  /** One has ended, or went without being served. @param over why the sandbox must not serve on */
  leave<Over extends string | null>(sandbox: Sandbox, over: Over): Left<Over> {
    const work = this.#works.get(sandbox);
    if (work === undefined) return { inFlight: 0, over };
    work.inFlight -= 1;
    const first: string | Over = work.over ?? over;
    work.over = first;
    sandbox.inFlight = work.inFlight;
    if (work.inFlight > 0) this.#serve();
    return { inFlight: work.inFlight, over: first };
  }

  /** Nobody is at work in it any more. @returns its CPU, to be released when it uses none */
  end(sandbox: Sandbox): Holding | null {
    const cpu = this.#works.get(sandbox)?.cpu ?? null;
    this.#works.delete(sandbox);
    return cpu;
  }

  /** The sandbox with the fewest at work that may take one more with those secrets, now with one more; null when there is none. */
  #join(secretsKey: string): Sandbox | null {
    const nowMs = this.#nowMs();
    let best: { readonly sandbox: Sandbox; readonly inFlight: number } | null = null;
    for (const [sandbox, { inFlight }] of this.#works) {
      if ((best === null || inFlight < best.inFlight) && this.#mayJoin(sandbox, secretsKey, nowMs))
        best = { sandbox, inFlight };
    }
    if (best !== null) this.#add(best.sandbox);
    return best?.sandbox ?? null;
  }

  #serve(): void {
    for (let wanted = this.#waiting.wanted; wanted !== null; wanted = this.#waiting.wanted) {
      const sandbox = this.#join(wanted);
      if (sandbox === null) return;
      this.#waiting.serve(joined(sandbox));
    }
  }

  /** Places that invocations may hope for: of sandboxes whose CPU is still waited for. */
  get #promised(): number {
    let count = 0;
    for (const [{ places }, { cpu, over, inFlight }] of this.#works)
      if (cpu === null && over === null) count += places - inFlight;
    return count;
  }

  #add(sandbox: Sandbox): void {
    const work = this.#works.get(sandbox);
    if (work === undefined) return;
    work.inFlight += 1;
    sandbox.inFlight = work.inFlight;
    sandbox.taken += 1;
  }

  #mayJoin(sandbox: Sandbox, secretsKey: string, nowMs: number): boolean {
    const work = this.#works.get(sandbox);
    if (work === undefined || work.cpu === null || work.over !== null || work.inFlight >= sandbox.places) return false;
    return sandbox.mayBeJoined(secretsKey, nowMs);
  }
}
