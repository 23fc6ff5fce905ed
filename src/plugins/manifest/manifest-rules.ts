// Rules across keys of a manifest, over its raw values: each is checked even when other values are wrong.
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import type { ErrorCode } from '../../core/errors/error-table.ts';
import { checkSchema } from '../../core/schema-subset.ts';
import { escapeText } from '../../lib/escape-text.ts';
import { refusalOfDestination } from './check-egress.ts';
import { valueAt } from './later-releases.ts';
import type { ManifestPath } from './parse-yaml.ts';

export interface RuleBreach {
  readonly code: ErrorCode;
  readonly path: ManifestPath;
  readonly message: string;
}

type Rule = (manifest: JsonObject) => readonly RuleBreach[];

const SOURCES = ['runtime', 'dockerfile', 'image'] as const;

const invalid = (path: ManifestPath, message: string): RuleBreach => ({ code: 'MANIFEST_INVALID', path, message });
const isGiven = (manifest: JsonObject, key: string): boolean => Object.hasOwn(manifest, key);

function checkEgress(manifest: JsonObject): RuleBreach[] {
  const allowed = valueAt(manifest, ['network', 'allow']);
  const list: JsonValue[] = Array.isArray(allowed) ? allowed : allowed === undefined ? [] : [allowed];
  return list.flatMap((destination, index) => {
    const text = typeof destination === 'string' ? destination : '';
    const refusal = refusalOfDestination(text);
    if (refusal === null) return [];
    const message = `\`${escapeText(text).slice(0, 100)}\`: ${refusal}`;
    return [{ code: 'EGRESS_FORBIDDEN' as const, path: ['network', 'allow', index], message }];
  });
}

function checkSource(manifest: JsonObject): RuleBreach[] {
  const given = SOURCES.filter((key) => isGiven(manifest, key));
  const [first, second] = given;
  if (first === undefined) return [invalid([], 'one of `runtime`, `dockerfile`, `image` is required')];
  if (second !== undefined) return [invalid([second], `only one of \`${given.join('`, `')}\` may be given`)];
  if (first !== 'runtime') {
    return ['entry', 'dependencies']
      .filter((key) => isGiven(manifest, key))
      .map((key) => invalid([key], `\`${key}\` goes with \`runtime\`, not with \`${first}\``));
  }
  const hasEntry = isGiven(manifest, 'entry');
  if (hasEntry && isGiven(manifest, 'command')) {
    return [invalid(['command'], 'only one of `entry`, `command` may be given')];
  }
  return hasEntry || isGiven(manifest, 'command')
    ? []
    : [invalid(['runtime'], 'with `runtime`, one of `entry`, `command` is required')];
}

function checkDependencies(manifest: JsonObject): RuleBreach[] {
  if (!isGiven(manifest, 'dependencies')) return [];
  const runtime = manifest['runtime'];
  if (runtime === 'shell' || runtime === 'java') {
    return [invalid(['dependencies'], `\`dependencies\` are not known to the runtime \`${runtime}\``)];
  }
  // The compilers themselves say which module is absent; a go.mod or Cargo.toml without any needs no network.
  if (runtime === 'go' || runtime === 'rust' || valueAt(manifest, ['build', 'network']) === true) return [];
  return [invalid(['dependencies'], '`dependencies` are installed in the build and need `build: {network: true}`')];
}

function checkText(manifest: JsonObject): RuleBreach[] {
  if (manifest['protocol'] === 'text') return [];
  return ['input', 'output']
    .filter((key) => isGiven(manifest, key))
    .map((key) => invalid([key], `\`${key}\` goes with \`protocol: text\``));
}

function checkConcurrency(manifest: JsonObject): RuleBreach[] {
  const { concurrency, protocol, reuse } = manifest;
  if (typeof concurrency !== 'number' || concurrency <= 1 || (protocol === 'stream' && reuse === 'warm')) return [];
  return [invalid(['concurrency'], '`concurrency` above 1 goes with `protocol: stream` and `reuse: warm`')];
}

function checkStream(manifest: JsonObject): RuleBreach[] {
  const reuse = manifest['reuse'];
  const isReused = reuse === 'warm' || reuse === 'fork';
  if (manifest['protocol'] !== 'stream') {
    return [
      ...(isReused ? [invalid(['reuse'], `\`reuse: ${reuse}\` goes with \`protocol: stream\``)] : []),
      ...(isGiven(manifest, 'lifecycle') ? [invalid(['lifecycle'], '`lifecycle` goes with `protocol: stream`')] : []),
      ...servicesWithoutStream(manifest),
    ];
  }
  if (reuse !== 'fork' || manifest['runtime'] === 'python') return [];
  return [invalid(['reuse'], '`reuse: fork` goes with `runtime: python`, whose SDK forks a process per invocation')];
}

/** A plugin that asks nothing can still give artifacts, in its result. */
function servicesWithoutStream({ protocol, services }: JsonObject): RuleBreach[] {
  if (services === undefined) return [];
  if (protocol === 'text') return [invalid(['services'], '`services` goes with `protocol: stream` or `json`')];
  const isAsking = Array.isArray(services) && services.includes('state');
  return isAsking ? [invalid(['services'], '`state` goes with `protocol: stream`')] : [];
}

function checkRepeats(manifest: JsonObject): RuleBreach[] {
  return ['hooks', 'pipelines', 'tags', 'secrets', 'services'].flatMap((key) => {
    const list = manifest[key];
    if (!Array.isArray(list)) return [];
    return list.flatMap((value, index) =>
      list.indexOf(value) < index ? [invalid([key, index], 'the value stands in the list already')] : [],
    );
  });
}

function checkPool(manifest: JsonObject): RuleBreach[] {
  const [min, max] = [valueAt(manifest, ['pool', 'min']), valueAt(manifest, ['pool', 'max']) ?? 4];
  if (typeof min !== 'number' || typeof max !== 'number' || min <= max) return [];
  return [
    { code: 'LIMIT_INVALID', path: ['pool', 'min'], message: `\`pool.min\` ${min} is above \`pool.max\` ${max}` },
  ];
}

function checkConfigSchema(manifest: JsonObject): RuleBreach[] {
  const schema = valueAt(manifest, ['config', 'schema']);
  if (!isJsonObject(schema)) return [];
  const issues = checkSchema(schema);
  const breaches = issues.map((issue) =>
    invalid(['config', 'schema', ...issue.path], escapeText(issue.message).slice(0, 300)),
  );
  const type = schema['type'];
  if (issues.length === 0 && type !== undefined && type !== 'object') {
    breaches.push(invalid(['config', 'schema', 'type'], 'the settings of a plugin must be an object'));
  }
  return breaches;
}

export const MANIFEST_RULES: readonly Rule[] = [
  checkEgress,
  checkSource,
  checkDependencies,
  checkText,
  checkStream,
  checkConcurrency,
  checkRepeats,
  checkPool,
  checkConfigSchema,
];
