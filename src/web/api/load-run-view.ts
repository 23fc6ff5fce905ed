// Reads a run with everything that its view shows. Payloads are read one after the other and only up to a total, because each may have
// megabytes; what is left out is null in the view and named in its warnings.
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { InvocationId, RunId } from '../../core/ids.ts';
import type { JsonValue } from '../../core/json.ts';
import type { Store, StoreOptions } from '../../core/ports/store.ts';
import { DATA_PAYLOAD, type Run } from '../../core/run.ts';
import type { RunRecords } from '../../core/run-records.ts';
import { parseStrictText } from '../../core/strict-json.ts';
import type { WebPorts } from '../ports.ts';
import { descendantViews } from './lineage-view.ts';
import { runView, shownOf, type RunView } from './run-view.ts';
import { Turns } from './turns.ts';

const DESCENDANTS_MAX = 20;
const TOTAL_CHARS_MAX = 64 * 1024 * 1024;
/** A stored payload may nest deeper than a message: it wraps messages. */
const STORED_DEPTH_MAX = 128;

/** Views that are read at the same time, in the whole process: its memory is what they share. */
export const VIEWS_AT_ONCE = 4;
const turns = new Turns(VIEWS_AT_ONCE);

type Payloads = Pick<Store, 'findPayload' | 'listInvocations'>;

export interface ViewPorts {
  readonly store: Payloads;
  /** of an invocation that is at work */
  readonly progressOf?: WebPorts['progressOf'];
}

/** @throws GantryError RUN_NOT_FOUND, STORE_* */
export async function loadRunView(
  ports: ViewPorts & { readonly store: Pick<Store, 'findRun' | 'listRuns'> },
  id: RunId,
  options: StoreOptions,
): Promise<RunView> {
  const { store } = ports;
  const run = await findRun(store, id, options);
  const view = await loadViewOf(ports, run, options);
  const origin = run.lineage === null ? run : await store.findRun(run.lineage.runId, options);
  const { items } = await store.listRuns({ madeFrom: id }, { limit: DESCENDANTS_MAX }, options);
  return { ...view, isOriginRemoved: origin === null, descendants: descendantViews(items) };
}

/** @throws GantryError RUN_NOT_FOUND, STORE_* */
export async function findRun(store: Pick<Store, 'findRun'>, id: RunId, options: StoreOptions): Promise<Run> {
  const run = await store.findRun(id, options);
  if (run === null) throw new GantryError('RUN_NOT_FOUND', `There is no run ${id}.`);
  return run;
}

/** The view of a run record at hand. @throws GantryError STORE_* */
export async function loadViewOf(ports: ViewPorts, run: Run, options: StoreOptions): Promise<RunView> {
  return await turns.run(options.signal, () => readView(ports, run, options));
}

/** The same of a run that ended a moment ago in this process, from what it wrote. @throws GantryError STORE_FAILED */
export async function viewOfRecords(run: Run, records: RunRecords, options: StoreOptions): Promise<RunView> {
  const store: Payloads = {
    listInvocations: () => Promise.resolve(records.invocations),
    findPayload: (_, name) => Promise.resolve(records.payloads.get(name) ?? null),
  };
  return await readView({ store }, run, options);
}

async function readView(ports: ViewPorts, run: Run, options: StoreOptions): Promise<RunView> {
  const { store } = ports;
  const invocations = await store.listInvocations(run.id, options);
  const reader = new PayloadReader(store, run.id, options);
  const data = await reader.read(DATA_PAYLOAD);
  const results = new Map<InvocationId, JsonValue>();
  for (const { id, resultPayload } of shownOf(invocations)) {
    if (resultPayload !== null) results.set(id, await reader.read(resultPayload));
  }
  const view = runView(run, invocations, { data, results }, ports.progressOf);
  return reader.isCut ? { ...view, warnings: [...view.warnings, CUT_WARNING] } : view;
}

const CUT_WARNING = {
  code: 'RESULTS_OMITTED',
  message: 'The results are too large to be shown together; those at the end are left out.',
  hook: null,
  plugin: null,
};

class PayloadReader {
  readonly #store: Payloads;
  readonly #runId: RunId;
  readonly #options: StoreOptions;
  #leftChars = TOTAL_CHARS_MAX;
  isCut = false;

  constructor(store: Payloads, runId: RunId, options: StoreOptions) {
    this.#store = store;
    this.#runId = runId;
    this.#options = options;
  }

  async read(name: string): Promise<JsonValue> {
    if (this.#leftChars <= 0) {
      this.isCut = true;
      return null;
    }
    const json = await this.#store.findPayload(this.#runId, name, this.#options);
    if (json === null) return null;
    this.#leftChars -= json.length;
    const parsed = parseStrictText(json, STORED_DEPTH_MAX);
    if (!parsed.ok) throw new GantryError('STORE_FAILED', `payload ${name}: ${parsed.message}`);
    return parsed.value;
  }
}
