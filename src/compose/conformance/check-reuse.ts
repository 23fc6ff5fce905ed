// Several invocations in one sandbox, one after another and at once: each must be answered for itself, and the pool must find the sandbox clean
// after each.
import type { PluginVersion } from '../../core/plugin.ts';
import { withText } from '../../plugins/conformance/vary-input.ts';
import { whyBad } from './check-variants.ts';
import type { Found } from './finding-log.ts';
import { failed, notApplicable, passed, type Lab } from './lab.ts';
import { readTranscript } from './read-transcript.ts';
import type { Trial } from './trials.ts';

const INVOCATIONS = 3;
const AT_ONCE_MAX = 4;
/** The kernel sums up small changes of a cgroup's memory every two seconds only (FLUSH_TIME in mm/memcontrol.c). */
const COUNTED_MS = 2_500;

export async function checkReuse(lab: Lab, newMarker: () => string): Promise<Found> {
  const { plugin } = lab.trials.version;
  if (plugin.reuse === 'never') return notApplicable('the manifest says reuse: never');
  const version = inOneSandbox(lab.trials.version, 'reuse');
  const markers: string[] = [];
  let isVerified = true;
  for (let count = 1; count <= INVOCATIONS; count += 1) {
    if (count === INVOCATIONS) await lab.clock.sleep(COUNTED_MS);
    const served = await serve(lab, version, newMarker(), markers);
    if (served.state === 'failed') return failed(`invocation ${String(count)} of one sandbox: ${served.reason}`);
    if (served.state === 'not_applicable') return served;
    isVerified &&= served.isVerified;
  }
  if (!isVerified) return notApplicable('answers are kept apart; what is left cannot be read on this engine');
  return passed(`${String(INVOCATIONS)} invocations in one sandbox (${plugin.reuse}), clean after each`);
}

/** As many at once as the manifest says, each with a text of its own. */
export async function checkConcurrency(lab: Lab, newMarker: () => string): Promise<Found> {
  const { trials, fixture } = lab;
  const { plugin } = trials.version;
  if (plugin.concurrency === 1) return notApplicable('the manifest says concurrency: 1');
  const version = inOneSandbox(trials.version, 'concurrency');
  const markers = Array.from({ length: Math.min(plugin.concurrency, AT_ONCE_MAX) }, newMarker);
  const all = await Promise.all(
    markers.map((marker) => trials.run({ fixture: withText(fixture, plugin.protocol, marker), version })),
  );
  for (const [index, trial] of all.entries()) {
    const nth = `invocation ${String(index + 1)} of ${String(all.length)} at once`;
    const why = whyBad(lab, trial);
    if (why !== null) return failed(`${nth}: ${why}`);
    const answer = JSON.stringify(trial.result);
    if (markers.some((marker, other) => other !== index && answer.includes(marker)))
      return failed(`${nth}: the answer holds what another invocation was given`);
  }
  const sandboxes = new Set(all.map(({ sandboxId }) => sandboxId)).size;
  return passed(`${String(all.length)} invocations at once in ${String(sandboxes)} sandbox`);
}

/** A pool of its own with one sandbox. */
function inOneSandbox(version: PluginVersion, check: string): PluginVersion {
  const pool = { ...version.plugin.pool, min: 0, max: 1, maxInvocations: 1_000 };
  return { ...version, id: `${version.id} ${check}`, plugin: { ...version.plugin, pool } };
}

type Served = Found & { readonly isVerified: boolean };

/** One of them. @param earlier what the ones before were given; this one's is added */
async function serve(lab: Lab, version: PluginVersion, marker: string, earlier: string[]): Promise<Served> {
  const { trials, fixture } = lab;
  const trial = await trials.run({ fixture: withText(fixture, version.plugin.protocol, marker), version });
  const why = whyBad(lab, trial);
  if (why !== null) return { ...failed(why), isVerified: false };
  const answer = JSON.stringify(trial.result);
  if (earlier.some((text) => answer.includes(text)))
    return { ...failed('the answer holds what an earlier invocation was given'), isVerified: false };
  earlier.push(marker);
  return await comeBack(lab, trial);
}

async function comeBack({ moves }: Lab, { sandboxId, witness }: Trial): Promise<Served> {
  const left = await moves.settled(sandboxId ?? '');
  const isVerified = left?.reason !== 'not verified';
  if (left?.to === 'idle') return { ...passed('it came back'), isVerified };
  if (witness !== null && readTranscript(witness).fault !== null)
    return { ...notApplicable('not judged: what it writes breaks the protocol'), isVerified };
  return { ...failed(`the sandbox was not used again: ${left?.reason ?? 'it did not come back'}`), isVerified };
}
