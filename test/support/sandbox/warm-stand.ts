// A stand for sandboxes that serve again: the stream puppet as its plugin, its calls by what the puppet is to do.
import type { JsonObject, JsonValue } from '../../../src/core/json.ts';
import { isJsonObject } from '../../../src/core/json.ts';
import type { Plugin, PluginVersion, Reuse } from '../../../src/core/plugin.ts';
import type { InvocationRequest } from '../../../src/core/ports/invoker.ts';
import type { SandboxSettings } from '../../../src/sandbox/sandbox-context.ts';
import { encodeJsonRequest } from '../../../src/protocol/json-request.ts';
import { Stand, type StandEnd, type StandTransport } from './stand.ts';
import { streamImage } from './stream-image.ts';
import type { VersionChanges } from './versions.ts';

const PREPARE_MS = 240_000;

export interface WarmCall extends Partial<InvocationRequest> {
  readonly secrets?: Readonly<Record<string, string>>;
}

export class WarmStand implements AsyncDisposable {
  readonly stand: Stand;
  readonly #imageId: string;

  private constructor(stand: Stand, imageId: string) {
    this.stand = stand;
    this.#imageId = imageId;
  }

  /** @param program the plugin's file; the stream puppet unless given */
  static async open(
    settings: Partial<SandboxSettings> = {},
    transport: StandTransport = {},
    program?: string,
  ): Promise<WarmStand> {
    const stand = await Stand.open(settings, transport);
    using patience = stand.clock.deadline(PREPARE_MS);
    return new WarmStand(stand, await streamImage(stand.engine, patience.signal, program));
  }

  version(
    reuse: Reuse,
    changes: VersionChanges & { readonly plugin?: Partial<Omit<Plugin, 'limits'>> } = {},
  ): PluginVersion {
    return this.stand.version({
      limits: { timeoutMs: 150_000, cpuTimeMs: 75_000, ...changes.limits },
      plugin: { protocol: 'stream', reuse, ...changes.plugin },
      version: { imageId: this.#imageId, command: ['/usr/bin/python3', '/plugin/main.py'], ...changes.version },
    });
  }

  async call(
    version: PluginVersion,
    data: JsonValue = {},
    { secrets = {}, ...changes }: WarmCall = {},
  ): Promise<StandEnd> {
    const { ids, clock } = this.stand;
    const nonce = ids.randomHex(16);
    const { timeoutMs } = version.plugin.limits;
    const input = encodeJsonRequest({
      invocationId: ids.newId('inv'),
      nonce,
      attempt: 1,
      idempotencyKey: ids.randomHex(8),
      deadlineAtMs: clock.nowMs() + timeoutMs,
      timeoutMs,
      traceparent: null,
      run: { id: ids.newId('run'), pipeline: 'test', trigger: 'api' },
      hook: 'act',
      params: {},
      data,
      results: {},
      config: version.config,
      secrets: new Map(Object.entries(secrets)),
    });
    return await this.stand.invoke(version, input, { nonce, secretsKey: JSON.stringify(secrets), ...changes });
  }

  /** What the puppet saw; fails unless it succeeded. */
  async see(
    version: PluginVersion,
    data: JsonValue = {},
    call: WarmCall = {},
  ): Promise<JsonObject & { sandboxId: string }> {
    const end = await this.call(version, data, call);
    if (end.outcome.code !== 'ok' || !isJsonObject(end.result))
      throw new Error(`the puppet failed: ${JSON.stringify(end)}`);
    return { ...end.result, sandboxId: end.sandboxId ?? '', kind: end.sandboxKind, cleanliness: end.cleanliness };
  }

  /** Why the sandbox was stopped; null while it was not. */
  stopReason(sandboxId: string): string | null {
    const moves = this.stand.events.of('sandboxMoved');
    return moves.find((move) => move.sandboxId === sandboxId && move.to === 'stopping')?.reason ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stand[Symbol.asyncDispose]();
  }
}
