// One live container and its state. The table of core/sandbox.ts is enforced here, and each step emits one event.
// Surprise: `ended` never rejects. A lost engine is an ending too, since the container's fate is then unknown.
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import type { SandboxId } from '../../core/ids.ts';
import type { PluginVersion } from '../../core/plugin.ts';
import type { Attachment, ContainerExit } from '../../core/ports/container-engine.ts';
import type { EventSink } from '../../core/ports/event-sink.ts';
import type { PipePair } from '../../core/ports/named-pipes.ts';
import type { HeldSession } from './held-session.ts';
import type { Holding } from '../pool/tokens.ts';
import { mayMoveSandbox, type SandboxRecord, type SandboxState, type Transport } from '../../core/sandbox.ts';

export type Ending =
  { readonly kind: 'exited'; readonly exitCode: number } | { readonly kind: 'lost'; readonly message: string };

/** The container behind a sandbox that was started. */
export interface Live {
  readonly containerId: string;
  readonly attachment: Attachment;
}

export class Sandbox {
  readonly id: SandboxId;
  readonly version: PluginVersion;
  readonly slot: number;
  readonly ended: Promise<Ending>;
  containerId: string | null = null;
  /** null: its stdin and stdout go by the engine's stream */
  pipes: PipePair | null = null;
  attachment: Attachment | null = null;
  /** the kernel killed something inside for memory, as the engine's event said */
  isOomReported = false;
  /** when the engine had started its container, by the monotonic clock */
  startedAtMs = 0;
  idleSinceMs = 0;
  /** invocations in it now */
  inFlight = 0;
  /** once it is being killed, by whichever invocation in it came first */
  killing: Promise<Ending | null> | null = null;
  /** how often it was taken for an invocation so far */
  taken = 0;
  /** of a plugin of protocol `stream`, once it is ready */
  session: HeldSession | null = null;
  /** its part of the memory that may be promised; released once the container is dead */
  holding: Holding | null = null;
  #state: SandboxState = 'creating';
  #ending: Ending | null = null;
  readonly #events: EventSink;
  readonly #ended = Promise.withResolvers<Ending>();

  constructor(id: SandboxId, version: PluginVersion, slot: number, events: EventSink) {
    this.id = id;
    this.version = version;
    this.slot = slot;
    this.ended = this.#ended.promise;
    this.#events = events;
    this.#emit(null, 'creating', 'asked for');
  }

  get state(): SandboxState {
    return this.#state;
  }

  /** Null while the container may still be running. */
  get ending(): Ending | null {
    return this.#ending;
  }

  get transport(): Transport {
    return this.pipes === null ? 'attach' : 'fifo';
  }

  get record(): SandboxRecord {
    const { id, version, containerId, transport } = this;
    return { id, pluginVersion: version.id, state: this.#state, containerId, transport };
  }

  /** @throws GantryError DEFECT for a step outside the table */
  move(to: SandboxState, reason: string): void {
    const from = this.#state;
    if (!mayMoveSandbox(from, to)) throw new GantryError('DEFECT', `sandbox ${this.id}: no step ${from} → ${to}`);
    this.#state = to;
    this.#emit(from, to, reason);
  }

  /** Learns of the end from the engine's answer to the wait. */
  follow(exit: Promise<ContainerExit>): void {
    exit.then(
      ({ exitCode }) => {
        this.#end({ kind: 'exited', exitCode });
      },
      (error: unknown) => {
        this.#end({ kind: 'lost', message: messageOf(error) });
      },
    );
  }

  /** Why it cannot serve an invocation with those secrets although it stands idle; null when it can. */
  whyNotFor(secretsKey: string, nowMs: number): string | null {
    if (this.#ending !== null) return 'ended while idle';
    if (this.session === null) return null;
    return this.session.isFor(secretsKey) ? this.session.whyUnfit(nowMs) : 'other secrets';
  }

  /** Invocations that it takes at once. */
  get places(): number {
    return this.session?.link.places ?? 1;
  }

  /** Whether an invocation with those secrets may share it with those that are at work in it. */
  mayBeJoined(secretsKey: string, nowMs: number): boolean {
    const { session } = this;
    if (session === null || this.#ending !== null || this.taken >= this.version.plugin.pool.maxInvocations)
      return false;
    return session.isFor(secretsKey) && session.isJoinable(nowMs);
  }

  /** The container, or a DEFECT when it was never started. */
  live(): Live {
    if (this.containerId === null || this.attachment === null)
      throw new GantryError('DEFECT', `sandbox ${this.id} has no container`);
    return { containerId: this.containerId, attachment: this.attachment };
  }

  #end(ending: Ending): void {
    this.#ending ??= ending;
    this.#ended.resolve(this.#ending);
  }

  #emit(from: SandboxState | null, to: SandboxState, reason: string): void {
    this.#events.emit({
      kind: 'sandboxMoved',
      sandboxId: this.id,
      plugin: this.version.plugin.name,
      from,
      to,
      reason,
    });
  }
}
