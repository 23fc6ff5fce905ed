// What a plugin says of itself, asked as a server asks it: once, of a sandbox that stands ready and has not seen secrets. No other sandbox of the
// kit is asked, since a plugin that does not answer loses the one that was.
import type { Clock } from '../../core/ports/clock.ts';
import { isJsonObject } from '../../core/json.ts';
import type { PluginVersion } from '../../core/plugin.ts';
import type { SelfDescription } from '../../core/self-description.ts';
import type { Sandboxes } from '../../sandbox/create-sandboxes.ts';
import type { Found } from './finding-log.ts';
import { failed, notApplicable, passed, type Lab } from './lab.ts';
import { readTranscript } from './read-transcript.ts';

/** A start has a minute, and the answers have ten seconds. */
const HEARD_MS = 120_000;

type Question = 'metadata' | 'configUi';
const METHODS = { metadata: 'get_metadata', configUi: 'get_config_ui' } as const;

/** What the checks other than these work with: nobody asks its sandboxes. */
export function unasked(version: PluginVersion): PluginVersion {
  const { plugin } = version;
  return { ...version, plugin: { ...plugin, lifecycle: { ...plugin.lifecycle, metadata: false, configUi: false } } };
}

export class Interview {
  readonly version: PluginVersion;
  readonly #clock: Clock;
  readonly #heard = Promise.withResolvers<SelfDescription>();
  #asking: Promise<SelfDescription | null> | null = null;

  constructor(version: PluginVersion, clock: Clock) {
    this.#clock = clock;
    const pool = { ...version.plugin.pool, min: 0, max: 1 };
    this.version = { ...version, id: `${version.id} self-description`, plugin: { ...version.plugin, pool } };
  }

  readonly hear = (_version: PluginVersion, said: SelfDescription): void => {
    this.#heard.resolve(said);
  };

  /** Null when the plugin did not come to be asked. */
  ask(sandboxes: Pick<Sandboxes, 'warm'>): Promise<SelfDescription | null> {
    this.#asking ??= this.#ask(sandboxes);
    return this.#asking;
  }

  async #ask(sandboxes: Pick<Sandboxes, 'warm'>): Promise<SelfDescription | null> {
    const given = new AbortController();
    sandboxes.warm(this.version);
    const late = this.#clock.sleep(HEARD_MS, given.signal).then(
      () => null,
      () => null,
    );
    const said = await Promise.race([this.#heard.promise, late]);
    given.abort();
    return said;
  }
}

export async function checkMetadata(lab: Lab, interview: Interview, sandboxes: Sandboxes): Promise<Found> {
  const asked = await question(lab, interview, sandboxes, 'metadata');
  if ('state' in asked) return asked;
  const { metadata } = asked.said;
  return metadata === null ? failed(asked.problem) : passed(`it says ${String(Object.keys(metadata).length)} facts`);
}

export async function checkConfigUi(lab: Lab, interview: Interview, sandboxes: Sandboxes): Promise<Found> {
  const asked = await question(lab, interview, sandboxes, 'configUi');
  if ('state' in asked) return asked;
  const { configUi } = asked.said;
  if (configUi === null) return failed(asked.problem);
  const { type = 'object', properties = {} } = configUi.schema;
  if (type !== 'object' || !isJsonObject(properties))
    return failed('get_config_ui: the schema is not that of an object with `properties`');
  const known = interview.version.plugin.configSchema?.['properties'];
  const foreign = isJsonObject(known) ? Object.keys(properties).filter((name) => !Object.hasOwn(known, name)) : [];
  return foreign.length === 0
    ? passed(`a form of ${String(Object.keys(properties).length)} settings`)
    : failed(`get_config_ui: config.schema of the manifest has no ${foreign.join(', ')}`);
}

type Asked = { readonly said: SelfDescription; readonly problem: string };

/** What it said, or why the check ends here. */
async function question(lab: Lab, interview: Interview, sandboxes: Sandboxes, of: Question): Promise<Asked | Found> {
  if (!interview.version.plugin.lifecycle[of]) return notApplicable(`lifecycle.${of} is false`);
  const witness = lab.trials.all.map((trial) => trial.witness).find((one) => one !== null);
  if (!readTranscript(witness ?? NOTHING_SEEN).offers.includes(of))
    return notApplicable('the plugin does not offer it');
  const said = await interview.ask(sandboxes);
  if (said === null) return failed(`${METHODS[of]}: no sandbox came to be asked`);
  const problem = said.problems.find((line) => line.startsWith(METHODS[of])) ?? said.problems.join('; ');
  return { said, problem };
}

const NOTHING_SEEN = { stdout: [], signals: [], user: '', exitCode: null };
