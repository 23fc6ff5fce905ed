// `gantry plugin dev`: builds a plugin and calls it with its fixtures, again at each save, until Ctrl-C. A save while a call is under way ends
// that call: its answer would be about code that is gone.
import { DevSession } from '../../compose/dev/dev-session.ts';
import { exitCodeOfTurn, type DevTurn } from '../../compose/dev/dev-turn.ts';
import { FolderWatch, type Saved } from '../../compose/dev/folder-watch.ts';
import { loadConfig } from '../../config/load-config.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { textOption, type Command } from '../command.ts';
import type { Output } from '../output.ts';
import { pluginFolder } from '../plugin-folder.ts';
import { printError } from '../print-error.ts';
import { printTurn, seconds, turnDocument } from '../print-turn.ts';

export const pluginDevCommand: Command = {
  name: 'plugin dev',
  operands: '<folder>',
  summary: 'build a plugin and call it with its fixtures, again at each save',
  operandCount: [1, 1],
  options: { input: { type: 'string' }, once: { type: 'boolean' } },
  optionHelp: {
    'input FIXTURE': 'only this fixture: its name, or the path of a file like one (docs/testing-plugins.md)',
    once: 'build and call once, and end with 0 when every answer is as expected',
  },
  async run(context) {
    const { positionals, options, output, root, environment, stop } = context;
    const isOnce = options['once'] === true;
    if (output.isJson && !isOnce) throw new GantryError('USAGE', '--json gives one document: it goes with --once');
    const { folder, shown } = await pluginFolder(positionals[0] ?? '');
    const loaded = await loadConfig(root, environment, new Map([['logs.level', 'warn']]));
    const { openPluginKit } = await import('../../compose.ts');
    await using kit = await openPluginKit({ root, environment, loaded });
    const request = { folder, shown, input: textOption(options, 'input') };
    await using session = await DevSession.open(kit, request, stop);
    if (!isOnce) {
      const { clock } = kit.ground;
      using watch = new FolderWatch(folder, () => session.settingsFile, clock);
      return await workOn({ session, watch, shown, clock, output, stop });
    }
    const turn = await session.turn(stop);
    if (output.isJson) output.document(turnDocument(turn, shown));
    else printTurn(turn, shown, output);
    return exitCodeOfTurn(turn);
  },
};

interface Work {
  readonly session: DevSession;
  readonly watch: FolderWatch;
  readonly shown: string;
  readonly clock: Clock;
  readonly output: Output;
  readonly stop: AbortSignal;
}

async function workOn(work: Work): Promise<number> {
  const { watch, shown, output, stop } = work;
  await watch.begin();
  output.line(`watching ${shown} (Ctrl-C ends)`);
  let saved: Saved | null = null;
  while (!stop.aborted) {
    const next: Promise<Saved | null> = watch.next(stop).catch(() => null);
    await turnUntil(next, saved, work);
    saved = await next;
    if (saved === null) continue;
    output.line();
    output.line(`saved ${saved.files.join(', ')}`);
  }
  return 0;
}

/** One turn, unless something is saved meanwhile. */
async function turnUntil(next: Promise<unknown>, saved: Saved | null, work: Work): Promise<void> {
  const { session, shown, clock, output, stop } = work;
  const halt = new AbortController();
  const both = AbortSignal.any([stop, halt.signal]);
  void next.then(() => {
    halt.abort(new Error('saved again'));
  });
  try {
    const turn = await session.turn(both);
    if (both.aborted) return;
    printTurn(turn, shown, output);
    output.line(told(turn, saved, clock));
  } catch (error) {
    if (both.aborted) return;
    // At the start, an engine that is missing is the answer; later it may come back.
    if (saved === null) throw error;
    printError(error, output);
  }
}

function told(turn: DevTurn, saved: Saved | null, clock: Clock): string {
  const isGood = exitCodeOfTurn(turn) === 0;
  const word = turn.kind === 'refused' ? 'refused' : isGood ? 'as expected' : 'not as expected';
  if (saved === null) return `${word}, ${seconds(turn.durationMs)} after the start`;
  return `${word}, ${seconds(clock.monotonicMs() - saved.atMs)} after the save`;
}
