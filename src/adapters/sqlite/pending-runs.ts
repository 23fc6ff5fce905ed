// Runs that are on disk as what was written of them, not yet as rows. A run that begins as it is made has mostly ended a moment later: its
// writes are kept as they came, one row of text each, synced before they are acknowledged (`journal`), and when it has ended all of it is
// written to the tables once, where every change of a state would touch their indexes. Whoever reads such a run gets its rows written first.
// The journal is the truth and what stands here only its picture: after a rollback, or when another process wrote, it is read anew.
import { HeldRun } from '../../core/held-run.ts';
import type { RunId } from '../../core/ids.ts';
import type { StoreWrite } from '../../core/ports/store.ts';
import { isMade } from '../../core/run-id-of.ts';
import { isTerminal, type Run } from '../../core/run.ts';
import { encodeWrite } from './encode-write.ts';
import type { LinkOperation } from './operations.ts';
import { completed } from './record-defaults.ts';
import { SCHEMA_VERSION } from './schema.ts';
import { readChain } from './sent-chain.ts';
import { isItemFault } from './sqlite-error.ts';
import type { Statements } from './statements.ts';

/** Beyond it a run is written to the tables: its journal is not to grow without end. */
const RUN_BYTES_MAX = 128 * 1024;

/** So many are settled in one transaction. */
const PORTION = 48;

/** With more than this some are settled within the group. */
const RUNS_MAX = 400;

const DATA_VERSION = 'PRAGMA data_version';
const ADD = 'INSERT INTO journal (seq, runId, schema, chain) VALUES (?, ?, ?, ?)';
const DROP = 'DELETE FROM journal WHERE seq = ?';
const LIST = 'SELECT seq, runId, schema, chain FROM journal WHERE refusal IS NULL ORDER BY seq';
const LAST = 'SELECT coalesce(max(seq), 0) AS last FROM journal';
const REFUSE = 'UPDATE journal SET refusal = :refusal WHERE runId = :runId';
const STANDS = 'SELECT 1 FROM runs WHERE id = :id';

interface PendingRun {
  readonly held: HeldRun;
  /** rows of the journal */
  readonly seqs: number[];
}

/** The rows of a run were refused. The transaction is to be rolled back, and the run set aside. */
export class UnsettledRun extends Error {
  override readonly name = 'UnsettledRun';
  readonly runId: RunId;

  constructor(runId: RunId, cause: unknown) {
    super(`the rows of ${runId} were refused`, { cause });
    this.runId = runId;
  }
}

export class PendingRuns {
  readonly #sql: Statements;
  readonly #perform: (operation: LinkOperation) => unknown;
  #runs = new Map<string, PendingRun>();
  #ended = new Set<string>();
  #lastSeq = 0;
  /** null: what stands here is not to be trusted */
  #dataVersion: number | null = null;

  constructor(sql: Statements, perform: (operation: LinkOperation) => unknown) {
    this.#sql = sql;
    this.#perform = perform;
  }

  get isEmpty(): boolean {
    return this.#runs.size === 0;
  }

  get endedCount(): number {
    return this.#ended.size;
  }

  has(runId: string): boolean {
    return this.#runs.has(runId);
  }

  /** Before anything else of a group, and again in its transaction. */
  refresh(): void {
    const version = Number(this.#sql.one(DATA_VERSION)?.['data_version']);
    if (version === this.#dataVersion) return;
    this.#read();
    this.#dataVersion = version;
  }

  /** The transaction that something was written in is gone. */
  distrust(): void {
    this.#dataVersion = null;
  }

  /**
   * Keeps a chain of a run that begins, or is here. @returns false when it was cut short by a guard; null: it is to be written as rows
   * @param text the chain as it was sent
   */
  keep(runId: RunId, text: string, isBeginning: boolean): boolean | null {
    const known = this.#runs.get(runId);
    if (known === undefined ? !isBeginning || this.#sql.one(STANDS, { id: runId }) !== null : isBeginning) return null;
    this.#lastSeq += 1;
    this.#sql.change(ADD, [this.#lastSeq, runId, SCHEMA_VERSION, text]);
    const isWhole = this.#apply(runId, this.#lastSeq, readChain(text));
    this.#settleWhatMayNotStay(runId);
    return isWhole;
  }

  /** Writes the rows of everything that is here. */
  settleAll(): void {
    for (const runId of [...this.#runs.keys()]) this.settle(runId);
  }

  /** Writes the rows of some that have ended. @param isWanted true when there is something else to do */
  settlePortion(isWanted: () => boolean): void {
    let left = PORTION;
    for (const runId of [...this.#ended]) {
      this.settle(runId);
      left -= 1;
      if (left === 0 || isWanted()) return;
    }
  }

  /** Writes the rows of a run, if it is here. @throws UnsettledRun */
  settle(runId: string): void {
    const pending = this.#runs.get(runId);
    if (pending === undefined) return;
    const { held, seqs } = pending;
    try {
      for (const write of held.take()) this.#perform(encodeWrite(write));
    } catch (error) {
      throw isItemFault(error) ? new UnsettledRun(held.run.id, error) : error;
    }
    for (const seq of seqs) this.#sql.change(DROP, [seq]);
    this.#runs.delete(runId);
    this.#ended.delete(runId);
  }

  /** Its journal stays as it is, and is not looked at any more. */
  setAside({ runId, cause }: UnsettledRun): void {
    this.#sql.run(REFUSE, { runId, refusal: String(cause) });
    this.distrust();
  }

  #apply(runId: RunId, seq: number, chain: readonly StoreWrite[]): boolean {
    const pending = this.#runs.get(runId) ?? { held: new HeldRun(madeIn(chain), false), seqs: [] };
    this.#runs.set(runId, pending);
    pending.seqs.push(seq);
    const isWhole = chain.every((write) => isMade(pending.held.apply(write), write));
    if (isTerminal(pending.held.run.state)) this.#ended.add(runId);
    return isWhole;
  }

  /** One that waits or is queued is looked for in the tables. */
  #settleWhatMayNotStay(runId: RunId): void {
    const { held } = this.#runs.get(runId) ?? {};
    if (held === undefined) return;
    const { state } = held.run;
    if (state === 'queued' || state === 'waiting' || held.bytes > RUN_BYTES_MAX) this.settle(runId);
    if (this.#runs.size > RUNS_MAX) this.settlePortion(() => false);
  }

  #read(): void {
    this.#runs = new Map();
    this.#ended = new Set();
    this.#lastSeq = Number(this.#sql.one(LAST)?.['last']);
    for (const row of this.#sql.all(LIST)) {
      const chain = readChain(String(row['chain']));
      const isOld = row['schema'] !== SCHEMA_VERSION;
      const complete = isOld ? chain.map((write) => completed(write, this.#sql)) : chain;
      this.#apply(String(row['runId']) as RunId, Number(row['seq']), complete);
    }
  }
}

/** @throws Error when the chain does not make a run: the journal of each begins with one that does */
function madeIn(chain: readonly StoreWrite[]): Run {
  const made = chain.find((write) => write.kind === 'insertRun');
  if (made === undefined) throw new Error('the journal of a run lacks its beginning');
  return made.run;
}
