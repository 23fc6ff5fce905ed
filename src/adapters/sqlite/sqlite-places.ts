// Places of concurrency keys in the embedded store: records here, SQL in the database's own thread.
import type { RunId } from '../../core/ids.ts';
import type { HeldPlaces, PlaceKey, PlaceStore } from '../../core/ports/place-store.ts';
import type { StoreOptions } from '../../core/ports/store.ts';
import type { Run, RunState } from '../../core/run.ts';
import type { OperationArguments, OperationName, OperationResult } from './operations.ts';
import { RUNS } from './records.ts';

export type CallOperation = <Name extends OperationName>(
  operation: Name,
  parameters: OperationArguments<Name>,
  options: StoreOptions,
) => Promise<OperationResult<Name>>;

export class SqlitePlaces implements PlaceStore {
  readonly #call: CallOperation;

  constructor(call: CallOperation) {
    this.#call = call;
  }

  async take({ pipeline, key }: PlaceKey, runId: RunId, max: number, options: StoreOptions): Promise<boolean> {
    return await this.#call('takePlace', [pipeline, key, runId, max], options);
  }

  async release({ pipeline, key }: PlaceKey, runId: RunId, options: StoreOptions): Promise<void> {
    await this.#call('releasePlace', [pipeline, key, runId], options);
  }

  async holdersOf({ pipeline, key }: PlaceKey, options: StoreOptions): Promise<readonly RunId[]> {
    return (await this.#call('placeHolders', [pipeline, key], options)) as RunId[];
  }

  async admit({ id, epoch }: Run, options: StoreOptions): Promise<boolean> {
    return await this.#call('admitRun', [id, epoch], options);
  }

  async listWaiting({ pipeline, key }: PlaceKey, limit: number, options: StoreOptions): Promise<readonly Run[]> {
    const rows = await this.#call('listWaiting', [pipeline, key, limit], options);
    return rows.map((row) => RUNS.decode(row));
  }

  async listWanted(after: PlaceKey | null, limit: number, options: StoreOptions): Promise<readonly PlaceKey[]> {
    const rows = await this.#call('listWanted', [after?.pipeline ?? '', after?.key ?? '', limit], options);
    return rows.map((row) => ({ pipeline: String(row['pipeline']), key: String(row['concurrencyKey']) }));
  }

  async listHeld(after: PlaceKey | null, limit: number, options: StoreOptions): Promise<readonly HeldPlaces[]> {
    const rows = await this.#call('listHeld', [after?.pipeline ?? '', after?.key ?? '', limit], options);
    return rows.map((row) => ({
      pipeline: String(row['pipeline']),
      key: String(row['concurrencyKey']),
      runIds: JSON.parse(row.runIds) as RunId[],
    }));
  }

  async statesOf(runIds: readonly RunId[], options: StoreOptions): Promise<ReadonlyMap<RunId, RunState>> {
    const rows = await this.#call('runStates', [runIds], options);
    return new Map(rows.map((row) => [row['id'] as RunId, row['state'] as RunState]));
  }
}
