// The artifacts that a result has inline are kept before its end is stored: an invocation that succeeded has them, also after a kill. What its
// manifest does not allow, or there is no room for, makes the result one that does not count.
import type { Outcome } from '../../core/outcome.ts';
import type { Plugin } from '../../core/plugin.ts';
import type { InvocationServices, Persist } from '../../core/ports/host-services.ts';
import type { InvocationEnd } from '../../core/ports/invoker.ts';

type Ended = Pick<InvocationEnd, 'outcome' | 'result' | 'artifacts'>;

/** @param services of the invocation; null: it has none. @throws what `persist` throws */
export async function keepArtifacts<End extends Ended>(
  end: End,
  { services: declared }: Plugin,
  services: InvocationServices | null,
  persist: Persist,
): Promise<End> {
  const { artifacts } = end;
  if (artifacts === undefined) return end;
  const names = artifacts.map(({ name }) => name).join(' ');
  if (services === null || !declared.includes('artifact')) {
    const message = 'the result has artifacts, but the manifest does not declare them: add `services: [artifact]`';
    return { ...end, outcome: refused('bad_artifact', names, message), result: null };
  }
  const refusal = await services.keep(artifacts, persist);
  return refusal === null ? end : { ...end, outcome: refused('artifact_limit', names, refusal), result: null };
}

const SEEN_LENGTH = 200;

/** @param names printable ASCII: their shape was checked */
function refused(violation: 'bad_artifact' | 'artifact_limit', names: string, message: string): Outcome {
  return { code: 'protocol', violation, seen: names.slice(0, SEEN_LENGTH), message };
}
