// An author's plugin, built and called again and again: what `gantry plugin dev` does at each save. Stages of builds stay while it lasts, so
// that an unchanged dependency costs nothing; of the images that it built, the last one stays, which is what a server would build next.
import { join } from 'node:path';
import type { PluginKit } from '../../compose.ts';
import { within } from '../../core/deadline.ts';
import { ERROR_TABLE } from '../../core/errors/error-table.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { PluginVersion, Problem } from '../../core/plugin.ts';
import { BuildLog } from '../../plugins/build-log.ts';
import { NO_FIXTURE, type Fixture } from '../../plugins/conformance/fixture.ts';
import { whyUnexpected } from '../../plugins/conformance/match-answer.ts';
import { loadFolder, type LoadedFolder } from '../../plugins/load-folder.ts';
import type { Sandboxes } from '../../sandbox/create-sandboxes.ts';
import { kitBuilder, openKitSandboxes } from '../kit-parts.ts';
import { Trials } from '../conformance/trials.ts';
import { watchEngine, type WatchedEngine } from '../conformance/watch-engine.ts';
import type { DevTurn, TurnInvocation } from './dev-turn.ts';
import { chooseFixtures } from './choose-fixtures.ts';

export interface DevRequest {
  /** absolute path of the plugin's folder */
  readonly folder: string;
  /** the folder as the reader would type it */
  readonly shown: string;
  /** name of a fixture, or path of a file with one; null: all of the folder, but those that are for cancelling */
  readonly input: string | null;
}

const REMOVE_MS = 30_000;
/** The engine's words around what a command printed, and what the problem says already. */
const ENGINE_WORDS =
  /^(Step \d+\/\d+ : |  ?---> |Removing intermediate container |Successfully (built|tagged) |The command '|BUILD_FAILED: )/;
/** Colours, as the build log has escaped them. */
const COLOURS = /\\u001b\[[0-9;]*m/g;
const LOG_LINES = 20;

export class DevSession implements AsyncDisposable {
  readonly #kit: PluginKit;
  readonly #request: DevRequest;
  readonly #watched: WatchedEngine;
  readonly #sandboxes: Sandboxes;
  /** references of images that this session built, the newest last */
  readonly #built: string[] = [];
  #version: PluginVersion | null = null;

  private constructor(kit: PluginKit, request: DevRequest, watched: WatchedEngine, sandboxes: Sandboxes) {
    this.#kit = kit;
    this.#request = request;
    this.#watched = watched;
    this.#sandboxes = sandboxes;
  }

  /** @throws GantryError DOCKER_UNAVAILABLE, ENGINE_* */
  static async open(kit: PluginKit, request: DevRequest, stop: AbortSignal): Promise<DevSession> {
    const watched = watchEngine(kit.sandboxes.engine);
    const graceMs = kit.ground.config.sandbox.grace;
    const sandboxes = await openKitSandboxes(kit, { engine: watched.engine, graceMs, stop });
    return new DevSession(kit, request, watched, sandboxes);
  }

  /** Where the operator's settings of the plugin are, once its name is known. */
  get settingsFile(): string | null {
    const name = this.#version?.plugin.name;
    return name === undefined ? null : join(this.#settingsFolder, `${name}.yaml`);
  }

  /**
   * Builds and calls the folder as it stands now.
   * @throws GantryError what is not the plugin's fault; CANCELLED when it was stopped
   */
  async turn(stop: AbortSignal): Promise<DevTurn> {
    const { clock, config, expressions } = this.#kit.ground;
    const { folder, shown, input } = this.#request;
    const startedAtMs = clock.monotonicMs();
    const elapsed = (): number => clock.monotonicMs() - startedAtMs;
    const refused = (problems: readonly Problem[], buildLog: readonly string[] = []): DevTurn => ({
      ...{ kind: 'refused', problems, buildLog },
      durationMs: elapsed(),
    });
    const options = { policy: config.build, settingsFolder: this.#settingsFolder, expressions };
    const loaded = await loadFolder(folder, shown, options);
    if ('problems' in loaded) return refused(loaded.problems);
    const chosen = await chooseFixtures(folder, shown, loaded.plugin, input);
    if ('problems' in chosen) return refused(chosen.problems);
    const log = new BuildLog();
    const version = await this.#build(loaded, log, stop);
    const buildMs = elapsed();
    if (!('id' in version)) return refused(version, ownWords(log.of(loaded.plugin.name)));
    const isBuilt = log.of(loaded.plugin.name).length > 0;
    await this.#takeUp(version, isBuilt);
    const invocations = await this.#call(version, chosen.fixtures, stop);
    const { warnings } = loaded;
    return { kind: 'called', version, isBuilt, buildMs, warnings, invocations, durationMs: elapsed() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sandboxes[Symbol.asyncDispose]();
    await this.#removeImages(0);
  }

  get #settingsFolder(): string {
    return this.#kit.ground.at(join('config', 'plugins'));
  }

  async #build(loaded: LoadedFolder, log: BuildLog, stop: AbortSignal): Promise<PluginVersion | readonly Problem[]> {
    try {
      return await kitBuilder(this.#kit, log, true).build(loaded, this.#request.shown, stop);
    } catch (error) {
      if (stop.aborted) throw new GantryError('CANCELLED', 'stopped by a signal', { cause: error });
      if (!(error instanceof GantryError) || ERROR_TABLE[error.code].fault !== 'plugin') throw error;
      const { code, message, problems } = error;
      return problems.length > 0 ? problems : [{ code, message, file: this.#request.shown, line: null, column: null }];
    }
  }

  /** The sandboxes of the version before end; its image stays for one more turn, since a server may be about to leave it. */
  async #takeUp(version: PluginVersion, isBuilt: boolean): Promise<void> {
    const before = this.#version;
    this.#version = version;
    if (before !== null && before.imageId !== version.imageId) this.#sandboxes.retire(before);
    if (!isBuilt) return;
    if (!this.#built.includes(version.imageTag)) this.#built.push(version.imageTag);
    await this.#removeImages(1);
  }

  /** All but the image in use and so many before it. */
  async #removeImages(kept: number): Promise<void> {
    const { clock } = this.#kit.ground;
    const { engine } = this.#kit.images;
    const old = this.#built.filter((reference) => reference !== this.#version?.imageTag);
    for (const reference of old.slice(0, Math.max(0, old.length - kept))) {
      this.#built.splice(this.#built.indexOf(reference), 1);
      // One that another program uses is not ours to remove.
      await within(clock, REMOVE_MS, null, (signal) => engine.removeImage(reference, { signal })).catch(
        () => undefined,
      );
    }
  }

  async #call(version: PluginVersion, fixtures: readonly Fixture[], stop: AbortSignal): Promise<TurnInvocation[]> {
    const { ground } = this.#kit;
    const trials = new Trials(version, ground, this.#sandboxes, this.#watched, stop);
    const invocations: TurnInvocation[] = [];
    for (const fixture of fixtures) {
      const startedAtMs = ground.clock.monotonicMs();
      const end = await trials.run({ fixture });
      const durationMs = ground.clock.monotonicMs() - startedAtMs;
      const isFree = fixture === NO_FIXTURE && (end.outcome.code === 'ok' || end.outcome.code === 'skipped');
      const miss = isFree ? null : whyUnexpected(end, fixture);
      invocations.push({ fixture: fixture.name, end, miss, durationMs });
    }
    return invocations;
  }
}

function ownWords(lines: readonly string[]): readonly string[] {
  return lines
    .map((line) => line.replaceAll(COLOURS, ''))
    .filter((line) => line !== '' && !ENGINE_WORDS.test(line))
    .slice(-LOG_LINES);
}
