// The first fixture, varied: other users, bad data, a newer host, more data, stranger characters. What may be bad for the plugin must end in an
// answer or in an error of its own; what is not must be answered as the fixture is.
import type { Outcome } from '../../core/outcome.ts';
import { chargeEnd, isClean } from '../../plugins/conformance/charge-end.ts';
import { tellOutcome, whyUnexpected } from '../../plugins/conformance/match-answer.ts';
import {
  asNewer,
  asNewerLine,
  BAD_INPUTS,
  BIG_TEXT,
  UNICODE_SAMPLE,
  withText,
} from '../../plugins/conformance/vary-input.ts';
import type { Found } from './finding-log.ts';
import { failed, passed, type Lab } from './lab.ts';
import type { Trial } from './trials.ts';
import type { WatchedEngine } from './watch-engine.ts';

/** Two sandboxes at once, since each live one has a user of its own; of two pools, or one that serves again might serve both. */
export async function checkAnyUser(lab: Lab): Promise<Found> {
  const { trials, fixture } = lab;
  const other = { ...trials.version, id: `${trials.version.id} any-user` };
  const both = await Promise.all([trials.run({ fixture }), trials.run({ fixture, version: other })]);
  const users = [...new Set(trials.all.flatMap(({ witness }) => (witness === null ? [] : [witness.user])))];
  const miss = both.map((trial) => whyBad(lab, trial)).find((why) => why !== null);
  return miss === undefined ? passed(`as ${users.sort().join(', ')}`) : failed(miss);
}

export async function checkBadInput({ trials, fixture }: Lab): Promise<Found> {
  const { protocol } = trials.version.plugin;
  const misses: string[] = [];
  const ends = new Map<Outcome['code'], string[]>();
  for (const [name, data] of BAD_INPUTS) {
    const { outcome } = await trials.run({ fixture: { ...fixture, data } });
    if (!isClean(outcome, protocol)) misses.push(`${name} as data: ${tellOutcome(outcome)}`);
    ends.set(outcome.code, [...(ends.get(outcome.code) ?? []), name]);
  }
  if (misses.length > 0) return failed(misses.join('; '));
  return passed([...ends].map(([code, names]) => `${code} (${names.join(', ')})`).join(', '));
}

export async function checkNewerProtocol(lab: Lab, watched: WatchedEngine): Promise<Found> {
  const { trials, fixture } = lab;
  const { version } = trials;
  if (version.plugin.protocol === 'json') return foundIn(lab, await trials.run({ fixture, alter: asNewer }));
  const newer = { ...version, id: `${version.id} newer-protocol` };
  watched.rewrites.set(newer.id, asNewerLine);
  return foundIn(lab, await trials.run({ fixture, version: newer }));
}

export async function checkBigInput(lab: Lab): Promise<Found> {
  return await checkText(lab, BIG_TEXT);
}

export async function checkUnicode(lab: Lab): Promise<Found> {
  return await checkText(lab, UNICODE_SAMPLE);
}

async function checkText(lab: Lab, text: string): Promise<Found> {
  const { trials, fixture } = lab;
  const { protocol } = trials.version.plugin;
  const trial = await trials.run({ fixture: withText(fixture, protocol, text) });
  // More data is other data for a filter: what it makes of it is its own business.
  return protocol === 'text' ? foundIn({ ...lab, isAsExpected: false }, trial) : foundIn(lab, trial);
}

function foundIn(lab: Lab, trial: Trial): Found {
  const why = whyBad(lab, trial);
  return why === null ? passed(`ends as ${trial.outcome.code}`) : failed(why);
}

/** What is wrong with the answer to something that the plugin must not mind. */
export function whyBad({ trials, fixture, isAsExpected }: Lab, trial: Trial): string | null {
  const { protocol } = trials.version.plugin;
  if (!isClean(trial.outcome, protocol))
    return chargeEnd(trial.outcome, trial.logs, protocol)?.reason ?? tellOutcome(trial.outcome);
  return isAsExpected ? whyUnexpected(trial, fixture) : null;
}
