// `gantry up`: server, worker and panel in one process, until a signal. `--demo` also runs the sample pipelines once and shows the results.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ERROR_TABLE } from '../../core/errors/error-table.ts';
import type { JsonValue } from '../../core/json.ts';
import type { Server, ServerRequest } from '../../compose.ts';
import { ApiClient } from '../api-client.ts';
import { textOption, type Command, type CommandContext, type OptionValues } from '../command.ts';
import { readFailureLogs } from '../failure-logs.ts';
import { listAt, textAt } from '../json-fields.ts';
import { loadConfig } from '../../config/load-config.ts';
import { readRun } from '../follow-run.ts';
import type { Output } from '../output.ts';
import { printRun } from '../print-run.ts';

const FLAGS = { port: 'web.port', host: 'web.host', 'metrics-port': 'metrics.port', store: 'store.uri' } as const;

export const upCommand: Command = {
  name: 'up',
  operands: '',
  summary: 'start the server, its worker and the panel',
  operandCount: [0, 0],
  options: {
    port: { type: 'string' },
    host: { type: 'string' },
    'metrics-port': { type: 'string' },
    store: { type: 'string' },
    demo: { type: 'boolean' },
  },
  optionHelp: {
    'port N': 'port of panel and API (web.port)',
    'host ADDRESS': 'address to listen on (web.host)',
    'metrics-port N': 'port of the metrics (metrics.port)',
    'store URI': 'mongodb://…; the embedded store unless given (store.uri)',
    demo: 'run the sample pipelines once and show what they gave',
  },
  async run(context) {
    const { output, root, environment, options, stop } = context;
    const loaded = await loadConfig(root, environment, flagsOf(options));
    await using server = await startUnlessStopped({ root, environment, loaded, needs: 'engine', isPublic: true, stop });
    if (server === null) {
      output.note('stopped before the start was over');
      return 0;
    }
    if (server.url !== null) output.note(`panel    ${server.url}`);
    output.note(`metrics  ${server.metricsUrl ?? 'off'}/metrics`);
    if (output.isJson) output.document({ url: server.url, metricsUrl: server.metricsUrl });
    if (options['demo'] === true && server.url !== null) await demonstrate(context, server.url);
    if (!stop.aborted)
      await new Promise((resolve) => {
        stop.addEventListener('abort', resolve, { once: true });
      });
    output.note('stopping: no new run is accepted, those under way may end');
    return (await server.drain()) ? 0 : ERROR_TABLE.DRAINING.exitCode;
  },
};

/** Null when it was asked to stop while it was starting or waited for its store. */
async function startUnlessStopped(request: ServerRequest): Promise<Server | null> {
  try {
    const { startServer } = await import('../../compose.ts');
    return await startServer(request);
  } catch (thrown) {
    if (request.stop.aborted && thrown === request.stop.reason) return null;
    throw thrown;
  }
}

function flagsOf(options: OptionValues): ReadonlyMap<string, string> {
  const flags = new Map<string, string>();
  for (const [option, path] of Object.entries(FLAGS)) {
    const value = textOption(options, option);
    if (value !== null) flags.set(path, value);
  }
  return flags;
}

/** A failed demonstration is told instead of `ready:`, but is never fatal: the server is what was asked for. */
async function demonstrate(context: CommandContext, url: string): Promise<void> {
  const { output, root, stop } = context;
  const api = new ApiClient(url, stop);
  try {
    output.note('building the plugins and running the sample pipelines');
    const lockfile = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as JsonValue;
    const runs = [
      await runSample(api, 'default', {}, output),
      await runSample(api, 'lockfile_report', lockfile, output),
    ];
    const broken = listAt(await api.send('/plugins'), 'items').filter((plugin) => textAt(plugin, 'state') === 'failed');
    for (const plugin of broken)
      output.note(`plugin ${textAt(plugin, 'name')} is broken: gantry plugins show ${textAt(plugin, 'name')}`);
    const faults = runs.map(faultOf).filter((fault) => fault !== null);
    output.note(faults.length === 0 ? `ready: ${url}` : `the demonstration did not work: ${faults.join('; ')}`);
    if (faults.length === 0) output.note('a plugin of yours, in another terminal: npx gantry plugin init python hello');
  } catch (error) {
    if (!stop.aborted)
      output.note(`the demonstration did not work: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function runSample(api: ApiClient, pipeline: string, data: JsonValue, output: Output): Promise<JsonValue> {
  const started = await api.send(`/pipelines/${pipeline}/runs`, { method: 'POST', body: { data } });
  // The answer is a summary, even when the run has ended already.
  let run: JsonValue;
  do run = await readRun(api, textAt(started, 'id'), 30);
  while (textAt(run, 'finishedAt') === '');
  printRun(run, output, await readFailureLogs(api, run));
  return run;
}

/** Why a run shows nothing. One whose plugins could not be built succeeds, with hooks that no plugin served. */
function faultOf(run: JsonValue): string | null {
  const state = textAt(run, 'state');
  const place = `run ${textAt(run, 'id')} of ${textAt(run, 'pipeline')}`;
  if (state !== 'succeeded') return `${place} ended as ${state}`;
  const empty = listAt(run, 'hooks').filter((hook) => listAt(hook, 'plugins').length === 0);
  return empty.length === 0
    ? null
    : `${place} had no plugin for ${empty.map((hook) => textAt(hook, 'name')).join(', ')}`;
}
