// What plugins may ask of the host, over the store. Every request has the store's deadline, and a plugin that asks too often is slowed down, not
// refused: it waits for its answers anyway. A store that is away is a refusal that the plugin can act on, at the latest after one deadline.
import type { InlineArtifact } from '../../core/artifact.ts';
import { within } from '../../core/deadline.ts';
import { messageOf } from '../../core/errors/gantry-error.ts';
import type { JsonObject } from '../../core/json.ts';
import type { EventSink } from '../../core/ports/event-sink.ts';
import type {
  HostAnswer,
  HostServiceName,
  HostServices,
  InvocationServices,
  Persist,
  ServiceScope,
} from '../../core/ports/host-services.ts';
import type { Logger } from '../../core/ports/logger.ts';
import type { Store } from '../../core/ports/store.ts';
import { ArtifactDesk, type ArtifactParts } from './artifact-desk.ts';
import { keepInline } from './inline-artifacts.ts';
import { refused } from './refuse.ts';
import { RequestPace } from './request-pace.ts';
import { RunArtifacts } from './run-artifacts.ts';
import { StateKeeper, type StateParts } from './state-keeper.ts';

export interface HostServicesOptions extends StateParts, Omit<ArtifactParts, 'artifacts'> {
  readonly store: Pick<Store, 'pluginState' | 'putPayload' | 'findPayload'>;
  readonly logger: Logger;
  readonly events: EventSink;
  /** deadline of one request */
  readonly storeTimeoutMs: number;
}

/** Requests per second of one invocation; also the greatest burst. */
export const REQUESTS_PER_SECOND = 1_000;

export function createHostServices(options: HostServicesOptions): HostServices {
  const artifacts = new RunArtifacts(options.store);
  return {
    of: (scope) => new ServicesOfOne({ ...options, artifacts }, scope),
    takeOver: (runId, { signal }) => artifacts.takeOver(runId, options.content, { signal }),
  };
}

class ServicesOfOne implements InvocationServices {
  readonly #options: HostServicesOptions & ArtifactParts;
  readonly #scope: ServiceScope;
  readonly #pace: RequestPace;
  readonly #state: StateKeeper;
  readonly #artifacts: ArtifactDesk;

  constructor(options: HostServicesOptions & ArtifactParts, scope: ServiceScope) {
    this.#options = options;
    this.#scope = scope;
    this.#pace = new RequestPace(options.clock, REQUESTS_PER_SECOND);
    this.#state = new StateKeeper(options, scope);
    this.#artifacts = new ArtifactDesk(options, scope);
  }

  async perform(method: string, params: JsonObject, signal: AbortSignal): Promise<HostAnswer> {
    const service = method.startsWith('state.') ? 'state' : 'artifact';
    const answer = await this.#answer(service, method, params, signal);
    const result = answer.kind === 'result' ? 'ok' : answer.reason;
    this.#options.events.emit({ kind: 'hostRequestAnswered', service, result });
    return answer;
  }

  async #answer(
    service: HostServiceName,
    method: string,
    params: JsonObject,
    signal: AbortSignal,
  ): Promise<HostAnswer> {
    const { clock, storeTimeoutMs } = this.#options;
    try {
      await this.#pace.turn(signal);
      const answer = await within(clock, storeTimeoutMs, signal, (limit) =>
        (service === 'state' ? this.#state : this.#artifacts).perform(method, params, { signal: limit }),
      );
      return answer ?? refused('METHOD_NOT_FOUND', 'there is no such method');
    } catch (error) {
      if (!signal.aborted) this.#tell(method, error);
      return refused('UNAVAILABLE', 'the store did not answer; whether it was done is not known');
    }
  }

  async keep(given: readonly InlineArtifact[], persist: Persist): Promise<string | null> {
    const refusal = await keepInline(this.#options, this.#scope, given, persist);
    this.#options.events.emit({
      ...{ kind: 'hostRequestAnswered', service: 'artifact' },
      result: refusal === null ? 'ok' : 'FULL',
    });
    return refusal;
  }

  [Symbol.dispose](): void {
    this.#artifacts[Symbol.dispose]();
  }

  #tell(method: string, error: unknown): void {
    const { invocationId, plugin } = this.#scope;
    const facts = { method, plugin: plugin.name, invocation: invocationId, error: messageOf(error) };
    this.#options.logger.log('warn', 'a host service could not be given', facts);
  }
}
