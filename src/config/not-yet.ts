// Keys of a pipeline that are read and checked but not carried out yet: refused by name, never ignored.
import type { Problem } from '../core/plugin.ts';
import { show } from './explain-issues.ts';
import type { YamlFile } from './read-yaml.ts';

const OF_PIPELINE = ['retries'];
const OF_HOOK = ['retries', 'approval', 'run'];

export function notYet(yaml: YamlFile): readonly Problem[] {
  const root = yaml.value as { pipelines?: unknown } | null;
  const pipelines: unknown[] = Array.isArray(root?.pipelines) ? root.pipelines : [];
  return pipelines.flatMap((pipeline, index) => {
    const hooks = (pipeline as { hooks?: unknown } | null)?.hooks;
    return [
      ...keysAmong(pipeline, OF_PIPELINE, ['pipelines', index], yaml),
      ...(Array.isArray(hooks) ? hooks : []).flatMap((hook, at) =>
        keysAmong(hook, OF_HOOK, ['pipelines', index, 'hooks', at], yaml),
      ),
    ];
  });
}

function keysAmong(value: unknown, later: readonly string[], at: readonly PropertyKey[], yaml: YamlFile): Problem[] {
  if (typeof value !== 'object' || value === null) return [];
  return later
    .filter((key) => Object.hasOwn(value, key))
    .map((key) => ({
      code: 'NOT_SUPPORTED_YET',
      message: `${show([...at, key])} comes in a later release`,
      file: yaml.file,
      ...yaml.place([...at, key], true),
    }));
}
