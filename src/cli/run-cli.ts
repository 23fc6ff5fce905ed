// One call of the CLI: parse, find or start a server, run the command, give the exit code. Never throws.
import { GantryError } from '../core/errors/gantry-error.ts';
import type { Environment } from '../config/read-environment.ts';
import { ApiClient } from './api-client.ts';
import { textOption, type Command, type OptionValues } from './command.ts';
import { runsApproveCommand, runsRejectCommand } from './commands/approvals.ts';
import { basesBuildCommand } from './commands/bases.ts';
import { doctorCommand } from './commands/doctor.ts';
import { gcCommand } from './commands/gc.ts';
import { pipelinesListCommand, pipelinesReloadCommand, pipelinesValidateCommand } from './commands/pipelines.ts';
import { PLUGIN_COMMANDS } from './commands/plugin.ts';
import {
  pluginsBuildCommand,
  pluginsInvokeCommand,
  pluginsListCommand,
  pluginsShowCommand,
} from './commands/plugins.ts';
import { redriveCommand, runsReplayCommand, runsRetryCommand } from './commands/replay.ts';
import { runCommand } from './commands/run.ts';
import { runsArtifactsCommand } from './commands/run-artifacts.ts';
import { logsCommand, runsLogsCommand } from './commands/logs.ts';
import { runsCancelCommand, runsListCommand, runsShowCommand } from './commands/runs.ts';
import {
  schedulesListCommand,
  schedulesNextCommand,
  schedulesPauseCommand,
  schedulesResumeCommand,
} from './commands/schedules.ts';
import { upCommand } from './commands/up.ts';
import { versionCommand } from './commands/version.ts';
import { helpText } from './help-text.ts';
import { openLocalServer, runningServer } from './local-server.ts';
import { Output, type Streams } from './output.ts';
import { wantsColour } from './paint.ts';
import { parseCommandLine } from './parse-command-line.ts';
import { printError } from './print-error.ts';

export const COMMANDS: readonly Command[] = [
  upCommand,
  runCommand,
  runsListCommand,
  runsShowCommand,
  runsLogsCommand,
  runsCancelCommand,
  runsRetryCommand,
  runsReplayCommand,
  redriveCommand,
  runsArtifactsCommand,
  runsApproveCommand,
  runsRejectCommand,
  logsCommand,
  pluginsListCommand,
  pluginsShowCommand,
  pluginsBuildCommand,
  pluginsInvokeCommand,
  ...PLUGIN_COMMANDS,
  pipelinesListCommand,
  pipelinesReloadCommand,
  pipelinesValidateCommand,
  schedulesListCommand,
  schedulesNextCommand,
  schedulesPauseCommand,
  schedulesResumeCommand,
  basesBuildCommand,
  gcCommand,
  doctorCommand,
  versionCommand,
];

export interface CliRequest {
  readonly argv: readonly string[];
  readonly root: string;
  readonly environment: Environment;
  readonly streams: Streams;
  readonly stop: AbortSignal;
}

/** Runs the command and gives its exit code. */
export async function runCli(request: CliRequest): Promise<number> {
  const { argv, root, streams, stop } = request;
  const hasColour = wantsColour(request.environment);
  let output = new Output(streams, argv.includes('--json'), hasColour);
  try {
    const { command, positionals, options, isHelp, topic } = parseCommandLine(argv, COMMANDS);
    if (command === null || isHelp) {
      for (const line of helpText(command, COMMANDS, topic).split('\n')) output.line(line);
      return 0;
    }
    output = new Output(streams, options['json'] === true, hasColour);
    return await command.run({
      positionals,
      options,
      output,
      root,
      environment: request.environment,
      stop,
      withApi: (needs, work) => withApi(request, options, output, needs, work),
    });
  } catch (error) {
    return printError(error, output);
  }
}

async function withApi<T>(
  { root, environment, stop }: CliRequest,
  options: OptionValues,
  output: Output,
  needs: 'store' | 'engine',
  work: (api: ApiClient) => Promise<T>,
): Promise<T> {
  const named = textOption(options, 'server');
  if (named !== null) {
    if (!/^https?:\/\/./.test(named)) throw new GantryError('USAGE', `--server ${named}: write http://host:port`);
    return await work(new ApiClient(named, stop));
  }
  const running = await runningServer(root, environment);
  if (running !== null) return await work(new ApiClient(running, stop));
  await using local = await openLocalServer({
    root,
    environment,
    needs,
    note: (text) => {
      output.note(text);
    },
    stop,
  });
  // A program for one command takes no role: it answers.
  return await work(new ApiClient(local.url ?? '', stop));
}
