// Whether the pipelines that a plugin names have the hooks that it serves. A pipeline nobody declared is only a warning: it may come later.
import type { Plugin, Problem } from '../core/plugin.ts';
import { suggest } from '../lib/suggest.ts';
import type { ManifestPath, Places } from './manifest/parse-yaml.ts';

/** What the catalog needs to know of a pipeline. */
export interface PipelineHooks {
  readonly name: string;
  readonly hooks: readonly { readonly name: string }[];
  readonly onFailure?: readonly { readonly name: string }[];
  readonly finally?: readonly { readonly name: string }[];
}

export interface HookCheck {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/**
 * @param file the plugin's manifest, for the problems
 * @param places where its values stand; null when nobody kept them
 */
export function checkHooks(
  plugin: Plugin,
  pipelines: readonly PipelineHooks[],
  file: string,
  places: Places | null = null,
): HookCheck {
  const problem = (code: 'HOOK_UNKNOWN' | 'PIPELINE_NOT_FOUND', path: ManifestPath, message: string): Problem =>
    places?.problem(code, path, message) ?? { code, message, file, line: null, column: null };
  const servesAll = plugin.pipelines.includes('*');
  const named = servesAll ? pipelines : pipelines.filter(({ name }) => plugin.pipelines.includes(name));
  const absent = plugin.pipelines.filter((name) => name !== '*' && !pipelines.some((one) => one.name === name));
  const names = pipelines.map(({ name }) => name);
  const warnings = absent.map((name) =>
    problem(
      'PIPELINE_NOT_FOUND',
      ['pipelines', plugin.pipelines.indexOf(name)],
      `pipeline \`${name}\` is not declared${hint(name, names)}`,
    ),
  );
  const known = [...new Set(named.flatMap(hookNamesOf))];
  const unknown = plugin.hooks
    .filter((hook) => !known.includes(hook))
    .map((hook) => {
      const where = servesAll ? 'no pipeline' : `none of the pipelines ${plugin.pipelines.join(', ')}`;
      return problem(
        'HOOK_UNKNOWN',
        ['hooks', plugin.hooks.indexOf(hook)],
        `${where} has a hook \`${hook}\`${hint(hook, known)}`,
      );
    });
  const isCertain = !servesAll && absent.length === 0;
  return isCertain ? { problems: unknown, warnings } : { problems: [], warnings: [...warnings, ...unknown] };
}

function hookNamesOf({ hooks, onFailure = [], finally: last = [] }: PipelineHooks): readonly string[] {
  return [...hooks, ...onFailure, ...last].map(({ name }) => name);
}

function hint(word: string, known: readonly string[]): string {
  const nearest = suggest(word, known);
  if (nearest !== null) return `; did you mean \`${nearest}\`?`;
  return known.length === 0 ? '' : ` (known: ${known.slice(0, 20).join(', ')})`;
}
