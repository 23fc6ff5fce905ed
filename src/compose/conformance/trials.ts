// Invocations of the plugin under test: what the pipeline would send, changed where a check wants it, through the same invoker and into the
// same sandboxes; and afterwards, what was seen of the container.
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { SandboxId } from '../../core/ids.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import type { PluginVersion } from '../../core/plugin.ts';
import type { InvocationEnd, PluginLogLine } from '../../core/ports/invoker.ts';
import { Redactor } from '../../core/redact.ts';
import { validateAgainst } from '../../core/schema-subset.ts';
import { escapeText } from '../../lib/escape-text.ts';
import { keepArtifacts } from '../../pipeline/invocation/keep-artifacts.ts';
import { secretsKeyOf } from '../../pipeline/invocation/secrets-key.ts';
import { isPlatformFault } from '../../plugins/conformance/charge-end.ts';
import type { Fixture } from '../../plugins/conformance/fixture.ts';
import { tellOutcome } from '../../plugins/conformance/match-answer.ts';
import { encodeJsonRequest } from '../../protocol/json-request.ts';
import { encodeTextRequest } from '../../protocol/text-request.ts';
import type { Sandboxes } from '../../sandbox/create-sandboxes.ts';
import type { Ground } from '../ground.ts';
import { trialServices } from './trial-services.ts';
import type { WatchedEngine, Witness } from './watch-engine.ts';

export interface Trial extends InvocationEnd {
  readonly logs: readonly PluginLogLine[];
  /** of its container; null when it never got one */
  readonly witness: Witness | null;
}

export interface TrialRequest {
  readonly fixture: Fixture;
  /** the version under test unless given */
  readonly version?: PluginVersion;
  /** changes the request document */
  readonly alter?: (document: JsonObject) => JsonObject;
  /** instead of a request: the bytes for stdin */
  readonly bytes?: Uint8Array;
  /** once the sandbox was had, just before its input is written; the given function cancels the invocation */
  readonly onStarted?: (cancel: () => void) => void;
  readonly onLog?: () => void;
}

/** On a busy machine, builds and other programs come first. */
const WAIT_MS = 300_000;

export class Trials {
  readonly version: PluginVersion;
  readonly #ground: Ground;
  readonly #sandboxes: Sandboxes;
  readonly #watched: WatchedEngine;
  readonly #stop: AbortSignal;
  /** the stop with a reason that the invoker understands */
  readonly #halt = new AbortController();
  readonly #all: Trial[] = [];

  constructor(version: PluginVersion, ground: Ground, sandboxes: Sandboxes, watched: WatchedEngine, stop: AbortSignal) {
    this.version = version;
    this.#ground = ground;
    this.#sandboxes = sandboxes;
    this.#watched = watched;
    this.#stop = stop;
    const onStop = (): void => {
      this.#halt.abort('draining');
    };
    if (stop.aborted) onStop();
    else stop.addEventListener('abort', onStop, { once: true });
  }

  /** Every trial that was made. */
  get all(): readonly Trial[] {
    return this.#all;
  }

  /** @throws GantryError ENGINE_FAILED when the engine or the machine failed; CANCELLED when the kit was stopped */
  async run(request: TrialRequest): Promise<Trial> {
    const { ids } = this.#ground;
    const { fixture } = request;
    const version = withConfig(request.version ?? this.version, fixture);
    const secrets = secretsOf(version, fixture);
    const nonce = ids.randomHex(16);
    const logs: PluginLogLine[] = [];
    const cancelled = new AbortController();
    const input = request.bytes ?? this.#encode(version, request, secrets, nonce);
    if (typeof input === 'string') return notSent(input);
    const redactor = new Redactor(secrets.values(), escapeText);
    const of = { runId: ids.newId('run'), invocationId: ids.newId('inv') };
    using services = trialServices(this.#ground, { ...of, hook: fixture.hook ?? '', plugin: version.plugin, redactor });
    const ended = await this.#sandboxes.invoker.invoke({
      ...{ ...of, version, input, nonce, epoch: 1, attempt: 1, pipeline: version.plugin.name, waitMs: WAIT_MS },
      secretsKey: secretsKeyOf(secrets) ?? '',
      timeoutMs: version.plugin.limits.timeoutMs,
      ...{ redactor, services },
      onStarted: () => {
        request.onStarted?.(() => {
          cancelled.abort('cancelled');
        });
        return Promise.resolve();
      },
      onLog: (line) => {
        logs.push(line);
        request.onLog?.();
      },
      stop: AbortSignal.any([cancelled.signal, this.#halt.signal]),
    });
    const end = await keepArtifacts(ended, version.plugin, services, (_, write) => write({ signal: this.#stop }));
    if (this.#stop.aborted) throw new GantryError('CANCELLED', 'stopped by a signal');
    if (isPlatformFault(end.outcome)) throw new GantryError('ENGINE_FAILED', tellOutcome(end.outcome));
    const trial = { ...end, logs, witness: this.#witnessOf(end.sandboxId) };
    this.#all.push(trial);
    return trial;
  }

  #witnessOf(sandboxId: SandboxId | null): Witness | null {
    return sandboxId === null ? null : (this.#watched.witnesses.get(`gantry-${sandboxId}`) ?? null);
  }

  /** The bytes for stdin; a text: why there are none. */
  #encode(
    version: PluginVersion,
    { fixture, alter = (document) => document }: TrialRequest,
    secrets: ReadonlyMap<string, string>,
    nonce: string,
  ): Uint8Array | string {
    const { ids, clock, expressions } = this.#ground;
    const { plugin, config } = version;
    const run = { id: ids.newId('run'), pipeline: plugin.name, trigger: 'cli' as const };
    const { params, data, results } = fixture;
    if (plugin.text !== null) {
      try {
        return encodeTextRequest(expressions.compile(plugin.text.input).evaluate({ params, data, results, run }));
      } catch (error) {
        if (error instanceof GantryError) return `${error.code}: ${error.message}`;
        throw error;
      }
    }
    const { timeoutMs } = plugin.limits;
    const bytes = encodeJsonRequest({
      ...{ params, data, results, run, config, secrets, nonce, timeoutMs, attempt: 1, traceparent: null },
      invocationId: ids.newId('inv'),
      idempotencyKey: ids.randomHex(8),
      deadlineAtMs: clock.nowMs() + timeoutMs,
      hook: fixture.hook ?? plugin.hooks[0] ?? '',
    });
    return new TextEncoder().encode(
      `${JSON.stringify(alter(JSON.parse(new TextDecoder().decode(bytes)) as JsonObject))}\n`,
    );
  }
}

/** As the pipeline ends an invocation whose input could not be made. */
function notSent(message: string): Trial {
  return {
    outcome: { code: 'denied', message },
    result: null,
    warnings: [],
    ...{
      sandboxId: null,
      sandboxKind: null,
      cleanliness: null,
      logs: [],
      witness: null,
      transport: null,
      reported: null,
    },
    phases: { sandboxWaitMs: null, sendMs: null, runMs: null, receiveMs: null },
    usage: { memoryPeakBytes: null, cpuTimeMs: null, outputBytes: 0, logsBytes: 0 },
  };
}

/** Settings are told to a `stream` plugin when it starts, so other settings are another version. */
function withConfig(version: PluginVersion, { name, config }: Fixture): PluginVersion {
  if (config === undefined) return version;
  const { configSchema } = version.plugin;
  const filled: JsonValue = configSchema === null ? config : validateAgainst(configSchema, config).value;
  return { ...version, id: `${version.id} ${name}`, config: isJsonObject(filled) ? filled : config };
}

/** The same for every invocation of a fixture, so that a sandbox may serve all of them. */
function secretsOf({ plugin }: PluginVersion, fixture: Fixture): ReadonlyMap<string, string> {
  return new Map(plugin.secrets.map((name) => [name, fixture.secrets[name] ?? `made-up-for-the-test-of-${name}`]));
}
