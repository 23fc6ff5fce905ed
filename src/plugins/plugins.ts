// The plugins' folder as a living catalog: what is added, changed or removed while the program runs is found, read, built and registered
// without a restart. Scanning goes on while a build is under way; builds are made one at a time. A run keeps the snapshot it started with.
import { isAbsolute, join, relative } from 'node:path';
import { raced } from '../core/deadline.ts';
import { asGantryError, GantryError, messageOf } from '../core/errors/gantry-error.ts';
import type { PluginStatus, PluginVersion, Problem } from '../core/plugin.ts';
import type { SelfDescription } from '../core/self-description.ts';
import type { CatalogSnapshot, PluginCatalog } from '../core/ports/plugin-catalog.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { BuildLog } from './build-log.ts';
import type { CatalogOptions, VersionSource } from './catalog-options.ts';
import type { PipelineHooks } from './check-hooks.ts';
import { ChangeTracker } from './discovery/change-tracker.ts';
import { scanFolders } from './discovery/scan-folders.ts';
import { loadFolder } from './load-folder.ts';
import { Registry } from './registry.ts';
import { PluginClaims } from './retention/plugin-claims.ts';
import { RetryTimes } from './retry-times.ts';
import { WorkQueue } from './work-queue.ts';

export class Plugins implements PluginCatalog, AsyncDisposable {
  readonly #options: CatalogOptions;
  /** Keeps what a version said of itself, for as long as a folder stands for it. */
  readonly putSaid: Registry['putSaid'];
  readonly #registry: Registry;
  readonly #log: BuildLog;
  readonly #source: VersionSource;
  readonly #tracker = new ChangeTracker();
  readonly #retries = new RetryTimes();
  readonly #queue: WorkQueue;
  readonly #claims: PluginClaims;
  readonly #stop = new AbortController();
  readonly #firstScan = Promise.withResolvers<undefined>();
  #loop: Promise<void> | null = null;
  #lastFault: string | null = null;
  /** folders of the latest scan; what is built for another is dropped */
  #present: ReadonlySet<string> = new Set();

  constructor(options: CatalogOptions, source: VersionSource, log = new BuildLog()) {
    this.#options = options;
    this.#source = source;
    this.#log = log;
    this.#claims = options.claims ?? new PluginClaims();
    this.#registry = new Registry(options.pipelines);
    this.putSaid = this.#registry.putSaid.bind(this.#registry);
    this.#queue = new WorkQueue((folder) => this.#load(folder));
  }

  /** Begins to look at the folder; returns at once. `settled` tells when all of it is built. */
  start(): void {
    this.#loop ??= this.#scanUntilStopped(this.#stop.signal);
  }

  /** Stops looking and ends a build that is under way. What is registered goes on to be answered. */
  async stop(): Promise<void> {
    this.#stop.abort(new GantryError('DRAINING', 'the program is shutting down'));
    await this.#loop;
    await this.#queue.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  snapshot(): CatalogSnapshot {
    return this.#registry.snapshot();
  }

  statuses(): readonly PluginStatus[] {
    return this.#registry.statuses();
  }

  async settled(signal: AbortSignal): Promise<void> {
    await raced(this.#firstScan.promise, signal);
    await raced(this.#queue.whenIdle(), signal);
  }

  /** Pipelines may change while the program runs; only new runs see it. */
  setPipelines(pipelines: readonly PipelineHooks[]): void {
    this.#registry.setPipelines(pipelines);
  }

  /** Takes every change at once, tries again what may have mended itself, and waits until all is built. */
  async reload(signal: AbortSignal): Promise<readonly PluginStatus[]> {
    const retried = this.#retries.all();
    await raced(this.#scan(true), signal);
    for (const folder of retried) this.#queue.add(folder);
    await this.settled(signal);
    return this.statuses();
  }

  /**
   * Reads and builds one plugin anew (an unchanged one costs milliseconds).
   * @throws GantryError PLUGIN_NOT_FOUND
   */
  async build(name: string, signal: AbortSignal): Promise<PluginStatus> {
    await raced(this.#scan(true), signal);
    const folder = this.#registry.folderOf(name);
    if (folder === null) throw new GantryError('PLUGIN_NOT_FOUND', `no plugin is called \`${name}\``);
    this.#queue.add(nameOfFolder(folder));
    await raced(this.#queue.whenIdle(), signal);
    const status = this.statuses().find((one) => one.folder === folder);
    if (status === undefined) throw new GantryError('PLUGIN_NOT_FOUND', `plugin \`${name}\` was removed meanwhile`);
    return status;
  }

  /** Looks at the plugin anew with the next scan: its image may be gone from the engine, and is then made again. */
  lookAgain(name: string): void {
    const folder = this.#registry.folderOf(name);
    if (folder !== null) this.#retries.again(nameOfFolder(folder), this.#options.clock.monotonicMs());
  }

  /** Lines of the plugin's latest build, oldest first. */
  buildLog(name: string): readonly string[] {
    return this.#log.of(name);
  }

  async #scanUntilStopped(signal: AbortSignal): Promise<void> {
    // What stands at the start is taken as it is: waiting for a folder to settle is for changes.
    let isFirst = true;
    while (!signal.aborted) {
      await this.#scan(isFirst);
      isFirst = false;
      await this.#options.clock.sleep(this.#options.scanIntervalMs, signal).catch(() => undefined);
    }
  }

  async #scan(isImpatient: boolean): Promise<void> {
    try {
      const found = await scanFolders(this.#options.folder, (folder) => this.#settingsOf(folder));
      const { changed, removed } = this.#tracker.observe(found, isImpatient);
      for (const folder of removed) this.#remove(folder);
      this.#present = new Set(found.keys());
      const due = this.#retries
        .due(this.#options.clock.monotonicMs())
        .filter((folder) => found.has(folder) && !this.#queue.isPending(folder));
      for (const folder of new Set([...changed, ...due])) {
        this.#registry.putBuilding(this.#shown(folder), folder);
        this.#queue.add(folder);
      }
      this.#lastFault = null;
    } catch (thrown) {
      // Said once, not once a second.
      if (this.#lastFault !== messageOf(thrown)) {
        this.#options.logger.log('error', 'the plugins folder cannot be read', { cause: messageOf(thrown) });
      }
      this.#lastFault = messageOf(thrown);
    } finally {
      this.#firstScan.resolve(undefined);
    }
  }

  async #load(folder: string): Promise<void> {
    const shown = this.#shown(folder);
    const before = this.#registry.nameOf(shown);
    this.#registry.putBuilding(shown, folder);
    try {
      const loaded = await loadFolder(join(this.#options.folder, folder), shown, this.#options);
      if ('problems' in loaded) {
        this.#refuse(folder, loaded.name ?? before ?? folder, loaded.problems);
        return;
      }
      this.#registry.putBuilding(shown, loaded.plugin.name);
      using _claim = await this.#claims.forBuild(loaded.plugin.name);
      const version = await this.#source.build(loaded, shown, this.#stop.signal);
      const said = await this.#options.descriptions?.recall(version, this.#stop.signal);
      this.#retries.forget(folder);
      const { clock, lookAgainMs } = this.#options;
      if (lookAgainMs !== undefined) this.#retries.again(folder, clock.monotonicMs() + lookAgainMs);
      this.#register(folder, version, loaded.warnings, said ?? null);
    } catch (thrown) {
      const error = asGantryError(thrown, 'DEFECT');
      const problem = { code: error.code, message: error.message, file: shown, line: null, column: null };
      this.#refuse(
        folder,
        this.#registry.nameOf(shown) ?? folder,
        error.problems.length > 0 ? error.problems : [problem],
      );
    }
  }

  #register(folder: string, version: PluginVersion, warnings: readonly Problem[], said: SelfDescription | null): void {
    const shown = this.#shown(folder);
    const { events } = this.#options;
    if (!this.#present.has(folder)) {
      this.#registry.remove(shown);
      return;
    }
    const before = this.#registry.versionOf(shown);
    this.#registry.putVersion(shown, version, warnings, said);
    if (before !== null && before.plugin.name !== version.plugin.name) {
      events.emit({ kind: 'pluginRemoved', plugin: before.plugin.name });
    }
    if (before !== null && canonicalJson(before) === canonicalJson(version)) return;
    events.emit({ kind: 'pluginRegistered', plugin: version.plugin.name, version: version.id });
  }

  #refuse(folder: string, name: string, problems: readonly Problem[]): void {
    if (!this.#present.has(folder)) {
      this.#registry.remove(this.#shown(folder));
      return;
    }
    this.#retries.failed(folder, problems, this.#options.clock.monotonicMs());
    this.#registry.putProblems(this.#shown(folder), name, problems);
    const [first] = problems;
    if (first === undefined || this.#stop.signal.aborted) return;
    this.#options.events.emit({ kind: 'pluginRefused', plugin: name, code: first.code, message: first.message });
  }

  #remove(folder: string): void {
    const shown = this.#shown(folder);
    const name = this.#registry.nameOf(shown);
    this.#queue.drop(folder);
    this.#retries.forget(folder);
    this.#registry.remove(shown);
    if (name === null) return;
    const heir = this.#registry.folderOf(name);
    const version = heir === null ? null : this.#registry.versionOf(heir);
    if (version !== null) {
      this.#options.events.emit({ kind: 'pluginRegistered', plugin: name, version: version.id });
      return;
    }
    this.#log.remove(name);
    this.#options.events.emit({ kind: 'pluginRemoved', plugin: name });
  }

  /** `plugins/sample` for people, wherever the program was started. */
  #shown(folder: string): string {
    const path = join(this.#options.folder, folder);
    const short = relative(this.#options.root, path);
    return short.startsWith('..') || isAbsolute(short) ? path : short;
  }

  #settingsOf(folder: string): string | null {
    const { settingsFolder } = this.#options;
    const name = this.#registry.nameOf(this.#shown(folder)) ?? folder;
    return settingsFolder === null ? null : join(settingsFolder, `${name}.yaml`);
  }
}

function nameOfFolder(shown: string): string {
  return shown.slice(shown.lastIndexOf('/') + 1);
}
