// What a plugin version says of itself: asked once, of a sandbox that stands ready and that nobody waits for. No invocation waits for it: who
// comes meanwhile has another sandbox, or this one's patience ends soon. A sandbox that knows secrets is not asked, as its answers are shown.
import { isJsonObject, type JsonObject } from '../../core/json.ts';
import type { PluginVersion } from '../../core/plugin.ts';
import type { ConfigUi, SelfDescription } from '../../core/self-description.ts';
import type { HeldSession } from '../container/held-session.ts';
import type { SandboxContext } from '../sandbox-context.ts';
import type { Sandbox } from '../container/sandbox.ts';

/** How long it goes on once somebody waits: an answer takes milliseconds, a sandbox in its place half a second. */
const HURRY_MS = 500;
/** How often it gives way before it is given up. */
const TRIES = 3;

type OnAsked = (sandbox: Sandbox, asking: Promise<string | null>) => void;

export class Inquiry {
  readonly #version: PluginVersion;
  readonly #context: SandboxContext;
  readonly #halt: AbortSignal;
  readonly #onAsked: OnAsked;
  /** `unmet`: no sandbox has said what the plugin offers */
  #state: 'unmet' | 'open' | 'asking' | 'over';
  #tries = 0;
  #hurry: (() => void) | null = null;

  /**
   * @param halt of the pool
   * @param onAsked takes a sandbox that is being asked, and a promise of why it has to go afterwards (null: it may serve)
   */
  constructor(version: PluginVersion, context: SandboxContext, halt: AbortSignal, onAsked: OnAsked) {
    this.#version = version;
    this.#halt = halt;
    this.#onAsked = onAsked;
    this.#context = context;
    this.#state = context.onSaid === null || version.plugin.protocol !== 'stream' ? 'over' : 'unmet';
  }

  get isAsking(): boolean {
    return this.#state === 'asking';
  }

  /** True when only a sandbox of its own can be asked: those that come back know secrets. */
  get needsFresh(): boolean {
    const { reuse, secrets } = this.#version.plugin;
    return this.#state === 'open' && reuse !== 'never' && secrets.length > 0;
  }

  /** Learns from a sandbox that has started what the plugin offers. */
  meet({ session }: Sandbox): void {
    if (this.#state === 'unmet' && session !== null) this.#state = session.link.offers.length > 0 ? 'open' : 'over';
  }

  /** Somebody waits for a sandbox. */
  hurry(): void {
    this.#hurry?.();
  }

  /** Asks a sandbox that stands idle; false when there is nothing to ask it. */
  ask(sandbox: Sandbox): boolean {
    const { session, ending } = sandbox;
    if (this.#state !== 'open' || session === null || ending !== null || !session.link.isIdle) return false;
    if (session.secretsKey !== null && this.#version.plugin.secrets.length > 0) return false;
    this.#state = 'asking';
    this.#tries += 1;
    sandbox.move('busy', 'asked about itself');
    this.#onAsked(sandbox, this.#listen(sandbox, session));
    return true;
  }

  async #listen(sandbox: Sandbox, session: HeldSession): Promise<string | null> {
    const halt = this.#halt;
    const said = await this.#unlessStopped(this.#hear(session));
    if (halt.aborted) return 'not needed any more';
    this.#conclude(said);
    if (said === null) return 'somebody waited while it was asked about itself';
    const isDead = sandbox.ending !== null || !session.link.isIdle;
    return isDead ? 'broke when it was asked about itself' : await session.lookAgain(halt);
  }

  #conclude(said: SelfDescription | null): void {
    this.#state = said === null && this.#tries < TRIES ? 'open' : 'over';
    if (this.#state === 'over') this.#context.onSaid?.(this.#version, said ?? UNHEARD);
  }

  /** Null when somebody waited too long, or the pool halts. */
  async #unlessStopped(hearing: Promise<SelfDescription>): Promise<SelfDescription | null> {
    const stopped = Promise.withResolvers<null>();
    const ended = new AbortController();
    const stop = (): void => {
      stopped.resolve(null);
    };
    this.#halt.addEventListener('abort', stop, { signal: ended.signal });
    this.#hurry = () => {
      this.#hurry = null;
      this.#context.clock.sleep(HURRY_MS, ended.signal).then(stop, () => undefined);
    };
    const said = await Promise.race([hearing, stopped.promise]);
    this.#hurry = null;
    ended.abort();
    return said;
  }

  async #hear({ link }: HeldSession): Promise<SelfDescription> {
    const { questionTimeoutMs } = this.#context.settings;
    const problems: string[] = [];
    const hear = async (method: (typeof link.offers)[number]): Promise<JsonObject | null> => {
      if (!link.offers.includes(method)) return null;
      const { value, error } = await link.ask(method, questionTimeoutMs);
      if (error !== null) problems.push(`${method}: ${error}`);
      return value;
    };
    // Both at once: a plugin that answers neither costs one deadline.
    const [metadata, configUi] = await Promise.all([hear('get_metadata'), hear('get_config_ui')]);
    return { metadata, configUi: configUi === null ? null : readConfigUi(configUi), problems };
  }
}

const UNHEARD: SelfDescription = {
  metadata: null,
  configUi: null,
  problems: ['it did not say what it offers before an invocation needed the sandbox'],
};

/** `{schema, hints}`, or the schema alone. */
function readConfigUi(answer: JsonObject): ConfigUi {
  const { schema, hints } = answer;
  if (!isJsonObject(schema)) return { schema: answer, hints: {} };
  return { schema, hints: isJsonObject(hints) ? hints : {} };
}
