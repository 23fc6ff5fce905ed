// What plugin versions say of themselves, kept with their records: shown again after a restart, before any sandbox runs. A sandbox that is asked
// has not seen secrets, but an image may hold one: the words are redacted like all output, before anybody sees them.
import { within } from '../core/deadline.ts';
import { asGantryError } from '../core/errors/gantry-error.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import type { PluginVersion } from '../core/plugin.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { Logger } from '../core/ports/logger.ts';
import type { Secrets } from '../core/ports/secrets.ts';
import type { Store } from '../core/ports/store.ts';
import { Redactor } from '../core/redact.ts';
import type { SelfDescription } from '../core/self-description.ts';
import { escapeText } from '../lib/escape-text.ts';

const PROBLEM_CHARS_MAX = 500;
const PROBLEMS_MAX = 4;

export interface SelfDescriptionsOptions {
  readonly store: Pick<Store, 'updatePluginVersion' | 'listPluginVersions'>;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly logger: Logger;
  /** of one call of the store, and of reading one secret */
  readonly callTimeoutMs: number;
}

export class SelfDescriptions implements AsyncDisposable {
  readonly #options: SelfDescriptionsOptions;
  /** one after the other: of two of a version the later one stands */
  #last: Promise<void> = Promise.resolve();

  constructor(options: SelfDescriptionsOptions) {
    this.#options = options;
  }

  /** What the version said when it was asked last; null: nothing, or the store does not tell. Never throws. */
  async recall(version: PluginVersion, signal: AbortSignal | null): Promise<SelfDescription | null> {
    try {
      const records = await this.#call(signal, (inner) =>
        this.#options.store.listPluginVersions(version.plugin.name, { signal: inner }),
      );
      return records.find(({ id }) => id === version.id)?.said ?? null;
    } catch (thrown) {
      this.#warn('what a plugin said of itself cannot be read', version, thrown);
      return null;
    }
  }

  /** Takes secrets out, keeps the rest, and tells what is kept. What did not come this time stands as it came before. */
  keep(version: PluginVersion, said: SelfDescription, onKept: (kept: SelfDescription) => void): void {
    this.#last = this.#last.then(async () => {
      const fresh = await this.#redacted(version, said);
      const earlier = fresh.problems.length === 0 ? null : await this.recall(version, null);
      const { problems } = fresh;
      const kept = {
        metadata: fresh.metadata ?? earlier?.metadata ?? null,
        configUi: fresh.configUi ?? earlier?.configUi ?? null,
        problems,
      };
      await this.#store(version, kept);
      onKept(kept);
    });
  }

  /** Waits for what is being stored. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
  }

  async #store(version: PluginVersion, said: SelfDescription): Promise<void> {
    try {
      await this.#call(null, (signal) => this.#options.store.updatePluginVersion(version.id, { said }, { signal }));
    } catch (thrown) {
      this.#warn('what a plugin says of itself cannot be stored', version, thrown);
    }
  }

  async #redacted(version: PluginVersion, { metadata, configUi, problems }: SelfDescription): Promise<SelfDescription> {
    const redactor = new Redactor(await this.#valuesOf(version.plugin.secrets), escapeText);
    const object = (value: JsonObject): JsonObject => {
      const redacted = redactor.json(value);
      return isJsonObject(redacted) ? redacted : {};
    };
    return {
      metadata: metadata === null ? null : object(metadata),
      configUi: configUi === null ? null : { schema: object(configUi.schema), hints: object(configUi.hints) },
      problems: problems.slice(0, PROBLEMS_MAX).map((line) => redactor.text(line).slice(0, PROBLEM_CHARS_MAX)),
    };
  }

  /** One by one: a secret that has no value yet keeps none of the others from being taken out. */
  async #valuesOf(names: readonly string[]): Promise<readonly string[]> {
    const reading = names.map(async (name) => {
      const values = await this.#call(null, (signal) => this.#options.secrets.read([name], { signal }));
      return [...values.values()];
    });
    const read = await Promise.allSettled(reading);
    return read.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  }

  async #call<T>(signal: AbortSignal | null, work: (inner: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, callTimeoutMs } = this.#options;
    return await within(clock, callTimeoutMs, signal, work);
  }

  #warn(message: string, version: PluginVersion, thrown: unknown): void {
    const { code, message: cause } = asGantryError(thrown, 'STORE_UNAVAILABLE');
    this.#options.logger.log('warn', message, { version: version.id, code, cause });
  }
}
