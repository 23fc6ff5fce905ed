// Several invocations in one sandbox: each must be answered for itself, and the pool must find the sandbox clean after each.
import type { Found } from './finding-log.ts';
import { failed, notApplicable, passed, type Lab } from './lab.ts';
import { withText } from '../../plugins/conformance/vary-input.ts';
import { whyBad } from './check-variants.ts';

const INVOCATIONS = 3;

export async function checkReuse(lab: Lab, newMarker: () => string): Promise<Found> {
  const { trials, fixture, moves } = lab;
  const { plugin } = trials.version;
  if (plugin.reuse === 'never') return notApplicable('the manifest says reuse: never');
  const version = {
    ...trials.version,
    id: `${trials.version.id} reuse`,
    plugin: { ...plugin, pool: { ...plugin.pool, min: 0, max: 1, maxInvocations: 1_000 } },
  };
  const markers: string[] = [];
  let isUnverified = false;
  for (let count = 1; count <= INVOCATIONS; count += 1) {
    const marker = newMarker();
    const trial = await trials.run({ fixture: withText(fixture, plugin.protocol, marker), version });
    const nth = `invocation ${String(count)} of one sandbox`;
    const why = whyBad(lab, trial);
    if (why !== null) return failed(`${nth}: ${why}`);
    const answer = JSON.stringify(trial.result);
    if (markers.some((earlier) => answer.includes(earlier)))
      return failed(`${nth}: the answer holds what an earlier invocation was given`);
    markers.push(marker);
    const left = await moves.settled(trial.sandboxId ?? '');
    if (left === null) return failed(`${nth}: the sandbox did not come back`);
    if (left.to !== 'idle') return failed(`${nth}: the sandbox was not used again, ${left.reason}`);
    isUnverified ||= left.reason === 'not verified';
  }
  if (isUnverified) return notApplicable('answers are kept apart; what is left cannot be read on this engine');
  return passed(`${String(INVOCATIONS)} invocations in one sandbox (${plugin.reuse}), clean after each`);
}
