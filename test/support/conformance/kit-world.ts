// A data folder for kits under test, and the kit itself on it as the command uses it.
import { rm } from 'node:fs/promises';
import { openPluginKit } from '../../../src/compose.ts';
import { testPlugin, type TestRequest } from '../../../src/compose/conformance/test-plugin.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import type { Finding } from '../../../src/plugins/conformance/checks.ts';
import { makeInstance, ROOT } from '../gantry/start-gantry.ts';

/** A slow machine must not be taken for a plugin that does not end. */
const GRACE_MS = 15_000;

export class KitWorld implements AsyncDisposable {
  readonly #folder: string;
  readonly #environment: Readonly<Record<string, string>>;

  private constructor(folder: string, environment: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#environment = environment;
  }

  static async open(): Promise<KitWorld> {
    const { folder, environment } = await makeInstance();
    return new KitWorld(folder, environment);
  }

  /** Every finding of every check. Several at once are kits of their own. */
  async test(folder: string, changes: Partial<TestRequest> = {}): Promise<readonly Finding[]> {
    const environment = this.#environment;
    const loaded = await loadConfig(ROOT, environment);
    await using kit = await openPluginKit({ root: ROOT, environment, loaded });
    return await testPlugin(kit, {
      ...{ folder, shown: folder, only: [], graceMs: GRACE_MS },
      stop: new AbortController().signal,
      onStart: () => undefined,
      onFinding: () => undefined,
      ...changes,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** `✗ nonce: protocol/nonce: …`, one text per failed check. */
export function failuresOf(findings: readonly Finding[]): readonly string[] {
  return findings.filter(({ state }) => state === 'failed').map(({ check, reason }) => `✗ ${check}: ${reason}`);
}
