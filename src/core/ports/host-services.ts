// What a plugin of protocol `stream` may ask of the host while a run of it is in flight, and where the artifacts of a result go. Every answer is a value: what the plugin does wrong, and
// what the store does not do, are refusals that it can read. Only what the manifest's `services` names is ever asked for here.
import type { InlineArtifact } from '../artifact.ts';
import type { InvocationId, RunId } from '../ids.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import type { Plugin } from '../plugin.ts';
import type { Redactor } from '../redact.ts';

export type HostServiceName = 'state' | 'artifact';

/** Words for programs in `error.data.code`; docs/protocol.md lists them. */
export type HostRefusal = 'INVALID_PARAMS' | 'CONFLICT' | 'FULL' | 'NOT_FOUND' | 'UNAVAILABLE' | 'METHOD_NOT_FOUND';

export type HostAnswer =
  | { readonly kind: 'result'; readonly result: JsonValue }
  | {
      readonly kind: 'refusal';
      readonly reason: HostRefusal;
      readonly message: string;
      /** further members of `error.data` */
      readonly details?: JsonObject;
    };

/** Does something in the store as often as it takes, and within the store's deadline each time. @throws what it gives up with */
export type Persist = <T>(
  operation: string,
  work: (options: { readonly signal: AbortSignal }) => Promise<T>,
) => Promise<T>;

/** The host services of one invocation. Disposing of it drops what was begun and not finished. */
export interface InvocationServices extends Disposable {
  /**
   * Never rejects. When the signal has aborted nobody hears the answer any more, but what was asked may still happen.
   * @param params hostile
   */
  perform(method: string, params: JsonObject, signal: AbortSignal): Promise<HostAnswer>;
  /**
   * Makes what a result has inline artifacts of the run, in the place of those of their names: all or none.
   * @returns why there is no room for them, one sentence; null: they are kept
   * @throws what `persist` throws
   */
  keep(artifacts: readonly InlineArtifact[], persist: Persist): Promise<string | null>;
}

export interface ServiceScope {
  readonly runId: RunId;
  readonly invocationId: InvocationId;
  readonly hook: string;
  readonly plugin: Plugin;
  /** of the secrets in the invocation's input: what a plugin gives to the host holds none (I-9) */
  readonly redactor: Redactor;
}

export interface HostServices {
  of(scope: ServiceScope): InvocationServices;
  /**
   * Makes artifacts the run's own that it was accepted with and that another run left; harmless when called again.
   * @returns names of those whose bytes are gone: the run has them no more
   */
  takeOver(runId: RunId, options: { readonly signal: AbortSignal }): Promise<readonly string[]>;
}
