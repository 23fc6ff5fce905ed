// How a plugin ends: when it is cancelled, and when there is nothing more to do; and whether all that it ever wrote was the protocol.
import { isClean } from '../../plugins/conformance/charge-end.ts';
import { tellOutcome } from '../../plugins/conformance/match-answer.ts';
import type { Found } from './finding-log.ts';
import { failed, notApplicable, passed, type Lab } from './lab.ts';
import { readTranscript } from './read-transcript.ts';
import type { Trial, Trials } from './trials.ts';
import type { Witness } from './watch-engine.ts';

/** Time for a plugin of one invocation to get to work, or to say so. `stream` needs none: `cancel` follows the request on one pipe. */
const AT_WORK_MS = 500;

export async function checkCancel(lab: Lab): Promise<Found> {
  const { trials, clock, graceMs, slowFixture } = lab;
  const { plugin, id } = trials.version;
  if (plugin.protocol === 'stream' && !plugin.lifecycle.cancel) return notApplicable('lifecycle.cancel is false');
  const fixture = slowFixture ?? lab.fixture;
  const atWork = Promise.withResolvers<undefined>();
  const trial = await trials.run({
    fixture,
    version: { ...trials.version, id: `${id} cancel` },
    onStarted: (cancel) => {
      if (plugin.protocol === 'stream' || slowFixture === null) cancel();
      else void Promise.race([atWork.promise, clock.sleep(AT_WORK_MS)]).then(cancel);
    },
    onLog: () => {
      atWork.resolve(undefined);
    },
  });
  const { outcome, witness } = trial;
  if (outcome.code !== 'cancelled' || witness === null)
    return notApplicable(`${fixture.name} ended before it could be cancelled: ${tellOutcome(outcome)}`);
  const grace = `the grace of ${String(graceMs)} ms`;
  if (plugin.protocol !== 'stream')
    return witness.signals.includes('SIGKILL')
      ? failed(`it did not end within ${grace} after SIGTERM and was killed`)
      : passed('it ended after SIGTERM');
  const { offers, runAnswers } = readTranscript(witness);
  if (!offers.includes('cancel'))
    return notApplicable('the plugin does not offer `cancel`: its sandbox is destroyed instead');
  return runAnswers > 0
    ? passed('it answered within the grace')
    : failed(`it did not answer within ${grace} after \`cancel\` and was killed`);
}

/** `json` and `text`: input that ends before it begins. */
export async function checkEndOfInput({ trials, fixture }: Lab): Promise<Found> {
  const { protocol } = trials.version.plugin;
  const { outcome } = await trials.run({ fixture, bytes: new Uint8Array(0) });
  const isPolite = outcome.code === 'no_result' || (protocol === 'text' && isClean(outcome, protocol));
  return isPolite
    ? passed('it ended by itself at the end of input')
    : failed(`at the end of input without a request: ${tellOutcome(outcome)}`);
}

/** `stream`: how the sandboxes ended that answered all they were asked. Only when all of them are gone. */
export function checkShutdown(trials: Trials, graceMs: number): Found {
  const witnesses = [...served(trials)].flatMap(([witness, runs]) => {
    const { runAnswers, fault } = readTranscript(witness);
    return fault === null && runAnswers === runs ? [witness] : [];
  });
  const killed = witnesses.find(({ signals }) => signals.includes('SIGKILL'));
  if (killed !== undefined)
    return failed(`after on_shutdown and the end of input it did not end within ${String(graceMs)} ms and was killed`);
  const odd = witnesses.find(({ exitCode }) => exitCode !== null && exitCode !== 0);
  if (odd !== undefined) return failed(`after the end of input it ended with exit code ${String(odd.exitCode)}`);
  return witnesses.length === 0
    ? notApplicable('no sandbox was left to end')
    : passed('it ended with exit code 0 after the end of input');
}

/** How many runs each container was given. One that did not answer all of them ended for that, and not because it was asked to. */
function served(trials: Trials): ReadonlyMap<Witness, number> {
  const runs = new Map<Witness, number>();
  for (const { witness, outcome } of trials.all) {
    if (witness === null) continue;
    // A cancelled one is killed, however it answers.
    runs.set(witness, outcome.code === 'cancelled' ? Infinity : (runs.get(witness) ?? 0) + 1);
  }
  return runs;
}

/** All that was written in all checks. Only when all sandboxes are gone. */
export function checkStdout(trials: Trials): Found {
  const isStream = trials.version.plugin.protocol === 'stream';
  const broken = trials.all.map((trial) => faultOf(trial, isStream)).find((fault) => fault !== null);
  if (broken !== undefined) return failed(broken);
  return passed(`nothing but answers in ${String(trials.all.length)} invocations`);
}

function faultOf({ outcome, witness }: Trial, isStream: boolean): string | null {
  if (outcome.code === 'protocol' && outcome.violation !== 'nonce') return tellOutcome(outcome);
  return isStream && witness !== null ? readTranscript(witness).fault : null;
}
