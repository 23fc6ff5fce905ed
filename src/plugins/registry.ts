// Which version of which folder serves. Every answer is computed from the folders' last known states and the declared pipelines:
//   folder: building → ready | failed; a broken new state never takes away the version that was serving before.
// Of two folders with one plugin name the newer version serves; of two equal ones the folder that was there first.
import type { PluginStatus, PluginVersion, Problem } from '../core/plugin.ts';
import type { SelfDescription } from '../core/self-description.ts';
import type { CatalogSnapshot } from '../core/ports/plugin-catalog.ts';
import { escapeText } from '../lib/escape-text.ts';
import { makeSnapshot } from './catalog-snapshot.ts';
import { checkHooks, type PipelineHooks } from './check-hooks.ts';
import { compareVersions } from './semver.ts';

interface FolderState {
  readonly folder: string;
  /** the plugin's name, or the folder's own name as long as no manifest could be read */
  name: string;
  isBuilding: boolean;
  /** null: never built */
  version: PluginVersion | null;
  /** of the newest state of the folder; with problems, `version` is older than the folder */
  problems: readonly Problem[];
  warnings: readonly Problem[];
  /** what `version` said of itself */
  said: SelfDescription | null;
}

export class Registry {
  readonly #folders = new Map<string, FolderState>();
  #pipelines: readonly PipelineHooks[];
  #snapshot: CatalogSnapshot | null = null;

  constructor(pipelines: readonly PipelineHooks[]) {
    this.#pipelines = pipelines;
  }

  setPipelines(pipelines: readonly PipelineHooks[]): void {
    this.#pipelines = pipelines;
    this.#snapshot = null;
  }

  /** A new or changed folder is being looked at. */
  putBuilding(folder: string, name: string): void {
    const state = this.#stateOf(folder);
    state.isBuilding = true;
    this.#snapshot = null;
    if (state.version === null) state.name = name;
  }

  /** @param stored what it said of itself before this program began, or to a worker elsewhere */
  putVersion(
    folder: string,
    version: PluginVersion,
    warnings: readonly Problem[],
    stored: SelfDescription | null = null,
  ): void {
    const state = this.#stateOf(folder);
    const said = isSameVersion(state.version, version) ? (stored ?? state.said) : stored;
    Object.assign(state, { name: version.plugin.name, isBuilding: false, version, problems: [], warnings, said });
    this.#snapshot = null;
  }

  /** A version has said what it is; of one that no folder stands for any more, nothing is kept. */
  putSaid(version: PluginVersion, said: SelfDescription): void {
    for (const state of this.#folders.values()) if (isSameVersion(state.version, version)) state.said = said;
  }

  /** The folder is broken now; what it served before goes on serving. */
  putProblems(folder: string, name: string, problems: readonly Problem[]): void {
    const state = this.#stateOf(folder);
    Object.assign(state, { name: state.version?.plugin.name ?? name, isBuilding: false, problems });
    this.#snapshot = null;
  }

  /** True when the folder was known. */
  remove(folder: string): boolean {
    this.#snapshot = null;
    return this.#folders.delete(folder);
  }

  /** The plugin's name that a folder stands for; null: the folder is unknown. */
  nameOf(folder: string): string | null {
    return this.#folders.get(folder)?.name ?? null;
  }

  /** The folder's newest version that could be built. */
  versionOf(folder: string): PluginVersion | null {
    return this.#folders.get(folder)?.version ?? null;
  }

  folderOf(name: string): string | null {
    const serving = this.#serving().get(name);
    return serving?.folder ?? [...this.#folders.values()].find((state) => state.name === name)?.folder ?? null;
  }

  /** The same one until a folder's state or the pipelines change: what is made from either may be kept with it. */
  snapshot(): CatalogSnapshot {
    this.#snapshot ??= makeSnapshot([...this.#serving().values()].flatMap(({ version }) => version ?? []));
    return this.#snapshot;
  }

  /** Ascending by name, then by folder. */
  statuses(): readonly PluginStatus[] {
    const serving = this.#serving();
    return [...this.#folders.values()]
      .map((state) => this.#statusOf(state, serving.get(state.name) ?? null))
      .sort((left, right) => compareText(left.name, right.name) || compareText(left.folder, right.folder));
  }

  #statusOf(state: FolderState, server: FolderState | null): PluginStatus {
    const { name, folder, version } = state;
    if (state.isBuilding) return { state: 'building', name, folder };
    const problems = [...state.problems, ...this.#hookCheck(state).problems, ...duplicateProblems(state, server)];
    if (problems.length > 0 || version === null) {
      return { state: 'failed', name, folder, problems, serving: server?.version ?? null, said: server?.said ?? null };
    }
    const { said } = state;
    const warnings = [...state.warnings, ...this.#hookCheck(state).warnings, ...unsaid(state)];
    return { state: 'ready', name, folder, version, warnings, said };
  }

  #hookCheck({ version, folder }: FolderState): ReturnType<typeof checkHooks> {
    if (version === null) return { problems: [], warnings: [] };
    return checkHooks(version.plugin, this.#pipelines, `${folder}/plugin.yaml`);
  }

  /** Plugin name → the folder whose version serves. */
  #serving(): Map<string, FolderState> {
    const serving = new Map<string, FolderState>();
    for (const state of this.#folders.values()) {
      if (state.version === null || this.#hookCheck(state).problems.length > 0) continue;
      const rival = serving.get(state.name);
      if (rival === undefined || isPreferred(state, rival)) serving.set(state.name, state);
    }
    return serving;
  }

  #stateOf(folder: string): FolderState {
    const known = this.#folders.get(folder);
    if (known !== undefined) return known;
    const name = folder.slice(folder.lastIndexOf('/') + 1);
    const state: FolderState = {
      folder,
      name,
      isBuilding: true,
      version: null,
      problems: [],
      warnings: [],
      said: null,
    };
    this.#folders.set(folder, state);
    return state;
  }
}

/** The same id can be built again to another image, which is asked again. */
function isSameVersion(one: PluginVersion | null, other: PluginVersion): boolean {
  return one?.id === other.id && one.imageId === other.imageId;
}

/** What it offered to say of itself and did not. */
function unsaid({ said, folder }: FolderState): Problem[] {
  return (said?.problems ?? []).map((message) => ({
    code: 'DESCRIPTION_MISSING',
    message: `what the plugin offers to say of itself did not come: ${escapeText(message)}`,
    file: `${folder}/plugin.yaml`,
    line: null,
    column: null,
  }));
}

/** The map of folders is in order of appearance, so of equal versions the rival, which came first, stays. */
function isPreferred(state: FolderState, rival: FolderState): boolean {
  return compareVersions(state.version?.plugin.version ?? '0', rival.version?.plugin.version ?? '0') > 0;
}

function duplicateProblems(state: FolderState, server: FolderState | null): Problem[] {
  if (state.version === null || server === null || server === state || server.version === null) return [];
  const order = compareVersions(state.version.plugin.version, server.version.plugin.version);
  const other = `${server.folder} declares plugin \`${state.name}\``;
  const message =
    order === 0
      ? `${other} at the same version ${server.version.plugin.version} and was there first`
      : `${other} at version ${server.version.plugin.version}, which serves in place of ${state.version.plugin.version}`;
  return [{ code: 'PLUGIN_DUPLICATE', message, file: `${state.folder}/plugin.yaml`, line: null, column: null }];
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
