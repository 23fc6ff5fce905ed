// The fixtures as they are: what every other check builds on. The first thing that keeps the plugin from a good answer is charged to one check;
// of the others nothing can be said then.
import type { Plugin, Protocol } from '../../core/plugin.ts';
import { formatDuration } from '../../lib/format-units.ts';
import { chargeEnd, isClean, type Charge } from '../../plugins/conformance/charge-end.ts';
import { checkRow, type CheckId } from '../../plugins/conformance/checks.ts';
import type { Fixture } from '../../plugins/conformance/fixture.ts';
import { whyUnexpected } from '../../plugins/conformance/match-answer.ts';
import type { Found } from './finding-log.ts';
import { failed, notApplicable, passed } from './lab.ts';
import type { Trial, Trials } from './trials.ts';

export interface Answers {
  readonly trials: readonly Trial[];
  /** null: all is as expected */
  readonly charge: Charge | null;
  /** whether the other checks can be made */
  readonly isUsable: boolean;
}

/** @param hasExpectation false: every clean answer is good */
export async function answerFixtures(
  trials: Trials,
  fixtures: readonly Fixture[],
  hasExpectation: boolean,
): Promise<Answers> {
  const { protocol } = trials.version.plugin;
  const made: Trial[] = [];
  const misses: string[] = [];
  let isUsable = true;
  for (const fixture of fixtures) {
    const trial = await trials.run({ fixture });
    made.push(trial);
    const miss = missOf(trial, fixture, protocol, hasExpectation);
    if (miss === null) continue;
    const reason = `${fixture.name}: ${miss.reason}`;
    if (miss.check !== 'good-input') return { trials: made, charge: { ...miss, reason }, isUsable: false };
    isUsable &&= isClean(trial.outcome, protocol);
    misses.push(reason);
  }
  const charge = misses.length === 0 ? null : ({ check: 'good-input', reason: misses.join('; ') } as const);
  return { trials: made, charge, isUsable };
}

function missOf(trial: Trial, fixture: Fixture, protocol: Protocol, hasExpectation: boolean): Charge | null {
  const isGood = isClean(trial.outcome, protocol);
  const difference = hasExpectation ? whyUnexpected(trial, fixture) : null;
  if (difference === null && (hasExpectation || isGood)) return null;
  const charge = chargeEnd(trial.outcome, trial.logs, protocol) ?? { check: 'good-input', reason: '' };
  return isGood && charge.check === 'good-input' ? { ...charge, reason: difference ?? charge.reason } : charge;
}

const FROM_ANSWERS = ['ready', 'nonce', 'deadline', 'limits', 'read-only-root', 'no-network', 'logs'] as const;

/** What the answers say about the checks that look at nothing else. */
export function foundInAnswers(
  plugin: Plugin,
  { trials, charge, isUsable }: Answers,
  fixtureCount: number,
): ReadonlyMap<CheckId, Found> {
  const found = new Map<CheckId, Found>();
  for (const check of FROM_ANSWERS) {
    if (!isFor(check, plugin.protocol)) found.set(check, notForProtocol(plugin.protocol));
    else if (charge !== null && !isUsable && check !== 'ready') found.set(check, notJudged(charge));
    else found.set(check, passed(REASONS[check](plugin, trials)));
  }
  if (trials.some(({ warnings }) => warnings.some(({ code }) => code === 'LOGS_TRUNCATED')))
    found.set('logs', failed(`the log of an invocation is over limits.logs, ${mebibytes(plugin.limits.logsBytes)}`));
  found.set('good-input', goodInput(trials, charge, isUsable, fixtureCount));
  if (charge !== null) found.set(charge.check, failed(charge.reason));
  return found;
}

function goodInput(trials: readonly Trial[], charge: Charge | null, isUsable: boolean, fixtureCount: number): Found {
  if (charge !== null && !isUsable) return notJudged(charge);
  if (fixtureCount > 0) return passed(`${counted(fixtureCount, 'fixture')} answered as expected`);
  return notApplicable(`no fixtures: with empty data it ends as ${trials[0]?.outcome.code ?? 'nothing'}`);
}

type FromAnswers = (typeof FROM_ANSWERS)[number];

const REASONS: Readonly<Record<FromAnswers, (plugin: Plugin, trials: readonly Trial[]) => string>> = {
  ready: () => 'it started',
  nonce: (_plugin, trials) => `${counted(trials.length, 'answer')} with the nonce of the request`,
  deadline: ({ limits }) => `within limits.timeout, ${formatDuration(limits.timeoutMs)}`,
  limits: ({ limits }, trials) => {
    const memory = greatest(trials.map(({ usage }) => usage.memoryPeakBytes));
    const cpu = greatest(trials.map(({ usage }) => usage.cpuTimeMs));
    const parts = [
      memory === null ? null : `memory ${mebibytes(memory)} of ${mebibytes(limits.memoryBytes)}`,
      cpu === null ? null : `CPU time ${formatDuration(Math.round(cpu))} of ${formatDuration(limits.cpuTimeMs)}`,
    ].filter((part) => part !== null);
    return parts.length === 0 ? 'no limit was reached' : `at most ${parts.join(', ')}`;
  },
  'read-only-root': () => 'it works on a read-only root file system',
  'no-network': () => 'it works without a network',
  logs: (_plugin, trials) =>
    counted(
      trials.reduce((sum, { logs }) => sum + logs.length, 0),
      'log line',
    ),
};

export function isFor(check: CheckId, protocol: Protocol): boolean {
  return checkRow(check).protocols.includes(protocol);
}

export function notForProtocol(protocol: Protocol): Found {
  return notApplicable(`not for protocol ${protocol}`);
}

export function notJudged({ check }: Charge): Found {
  return notApplicable(`not judged: ${check} failed`);
}

function greatest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

function counted(count: number, word: string): string {
  return `${String(count)} ${word}${count === 1 ? '' : 's'}`;
}
