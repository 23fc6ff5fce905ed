// Stays with a run to its end, shows its progress, and prints it, also over a restart of the server. Interrupting cancels the run: what was
// asked for is not left going on.
import { setTimeout as sleep } from 'node:timers/promises';
import { GantryError } from '../core/errors/gantry-error.ts';
import type { JsonValue } from '../core/json.ts';
import type { ApiClient } from './api-client.ts';
import type { CommandContext } from './command.ts';
import { readFailureLogs } from './failure-logs.ts';
import { listAt, textAt } from './json-fields.ts';
import type { Output } from './output.ts';
import { exitCodeOfRun, printRun, progressLine } from './print-run.ts';

/** Seconds that one request waits for the end; then the progress is shown and the next one goes on. */
const WAIT_S = 1;
const CANCEL_WAIT_S = 30;
/** How long a server that does not answer is asked again. */
const AWAY_MS = 60_000;
const AWAY_PAUSE_MS = 1_000;
/** `NOT_FOUND` is a server that does not answer; a run that is none has a code of its own. */
const PASSING: ReadonlySet<string> = new Set(['NOT_FOUND', 'STORE_UNAVAILABLE', 'STORE_TIMEOUT', 'DRAINING']);

/** Gives the exit code that the run's end stands for. */
export async function followRun(api: ApiClient, id: string, context: CommandContext): Promise<number> {
  let run: JsonValue;
  const told = new Set<string>();
  try {
    do {
      run = await readPatiently(api, id, context);
      tellDecisions(run, told, context.output);
      context.output.status(progressLine(run));
    } while (textAt(run, 'finishedAt') === '');
  } catch (error) {
    if (!context.stop.aborted) throw error;
    run = await cancelAndWait(api, id, context);
  }
  context.output.status('');
  if (context.output.isJson) context.output.document(run);
  else printRun(run, context.output, await readFailureLogs(api, run));
  return exitCodeOfRun(run);
}

/** As it stands a second later at most; what passes with a restart of the server is waited for. */
async function readPatiently(api: ApiClient, id: string, { stop, output }: CommandContext): Promise<JsonValue> {
  const sinceMs = performance.now();
  for (let isTold = false; ; isTold = true) {
    try {
      return await readRun(api, id, WAIT_S);
    } catch (error) {
      const isPassing = error instanceof GantryError && PASSING.has(error.code);
      if (!isPassing || stop.aborted || performance.now() - sinceMs > AWAY_MS) throw error;
      output.status('');
      if (!isTold) output.note(`${error.message}; run ${id} goes on without us, asking again for a minute`);
      await sleep(AWAY_PAUSE_MS, undefined, { signal: stop });
    }
  }
}

/** A run that waits for a person says once how to decide: the command itself would wait for ever without a word. */
function tellDecisions(run: JsonValue, told: Set<string>, output: Output): void {
  for (const wait of listAt(run, 'waitsFor')) {
    const hook = textAt(wait, 'hook');
    if (textAt(wait, 'kind') !== 'approval' || told.has(hook)) continue;
    told.add(hook);
    output.status('');
    output.note(`${hook} waits for a decision: gantry runs approve ${textAt(run, 'id')} ${hook} (or reject)`);
  }
}

/** The run as it stands once it has ended, or after so many seconds. */
export async function readRun(api: ApiClient, id: string, waitS: number, isFinal = false): Promise<JsonValue> {
  return await api.send(`/runs/${encodeURIComponent(id)}`, { headers: { prefer: `wait=${String(waitS)}` } }, isFinal);
}

async function cancelAndWait(api: ApiClient, id: string, context: CommandContext): Promise<JsonValue> {
  context.output.note(`cancelling run ${id}`);
  await api.send(`/runs/${id}/cancel`, { method: 'POST' }, true).catch((error: unknown) => {
    if (!(error instanceof GantryError && error.code === 'RUN_FINISHED')) throw error;
  });
  return await readRun(api, id, CANCEL_WAIT_S, true);
}
