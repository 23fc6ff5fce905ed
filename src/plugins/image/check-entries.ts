// Whether the files that a manifest names are in the folder, and whether the operator permits what the plugin asks for.
import type { ErrorCode } from '../../core/errors/error-table.ts';
import type { Plugin, Problem } from '../../core/plugin.ts';
import type { ContextEntry } from '../../core/ports/container-engine.ts';
import { suggest } from '../../lib/suggest.ts';
import type { ManifestPath, Places } from '../manifest/parse-yaml.ts';

export interface BuildPolicy {
  readonly allowDockerfile: boolean;
  readonly allowNetwork: boolean;
}

/** CPUs and memory of the engine's host. */
export interface HostSize {
  readonly cpus: number;
  readonly memoryBytes: number;
}

/** @param places of the manifest, for the problems */
export function checkEntries(
  plugin: Plugin,
  entries: readonly ContextEntry[],
  policy: BuildPolicy,
  places: Places,
): readonly Problem[] {
  const { source } = plugin;
  const problems: Problem[] = [];
  const refuse = (code: ErrorCode, path: ManifestPath, message: string): void => {
    problems.push(places.problem(code, path, message));
  };
  const need = (key: string, path: string | null): void => {
    if (path === null || entries.some((entry) => entry.path === path)) return;
    const nearest = suggest(path, entries.map((entry) => entry.path).slice(0, 200));
    const hint = nearest === null ? '' : `; did you mean \`${nearest}\`?`;
    refuse('ENTRY_MISSING', [key], `\`${key}\`: the folder has no file \`${path}\`${hint}`);
  };
  if (source.kind === 'dockerfile') {
    need('dockerfile', source.dockerfile);
    if (!policy.allowDockerfile) {
      refuse('DOCKERFILE_NOT_ALLOWED', ['dockerfile'], 'own Dockerfiles are not permitted here');
    }
  }
  if (source.kind === 'runtime') {
    need('entry', source.entry);
    need('dependencies', source.dependencies);
  }
  if (plugin.isBuildNetworked && !policy.allowNetwork) {
    refuse('BUILD_NETWORK_NOT_ALLOWED', ['build', 'network'], 'builds may not use the network here');
  }
  return problems;
}

/** Limits above the host are refused, never clamped: the author would measure something else than was asked for. */
export function checkHostSize(plugin: Plugin, host: HostSize, file: string): readonly Problem[] {
  const problems: Problem[] = [];
  const refuse = (limit: string, value: number, most: number): void => {
    const message = `\`limits.${limit}\` ${value} is above what the engine's host has: ${most}`;
    problems.push({ code: 'LIMIT_INVALID', message, file, line: null, column: null });
  };
  if (plugin.limits.cpus > host.cpus) refuse('cpus', plugin.limits.cpus, host.cpus);
  if (plugin.limits.memoryBytes > host.memoryBytes) refuse('memory', plugin.limits.memoryBytes, host.memoryBytes);
  return problems;
}
