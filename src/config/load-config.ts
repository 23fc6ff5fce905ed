// The settings of this program: defaults < config/system.yaml < environment < flags, checked once, every problem told at once.
// This folder is the only one that reads the environment.
import { isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { GantryError } from '../core/errors/gantry-error.ts';
import type { Problem } from '../core/plugin.ts';
import { suggest } from '../lib/suggest.ts';
import { explainIssues, firstOf } from './explain-issues.ts';
import { parseYaml, readYaml, type YamlFile } from './read-yaml.ts';
import { readEnvironment, type Environment, type OutsideValue } from './read-environment.ts';
import { SETTINGS, type Setting } from './settings.ts';
import { SYSTEM_SCHEMA, type SystemConfig } from './system-schema.ts';

export interface LoadedConfig {
  readonly config: SystemConfig;
  /** absolute folder of the instance: database, lock, build logs */
  readonly dataFolder: string;
  /** unix:///var/run/docker.sock unless DOCKER_HOST says otherwise */
  readonly dockerHost: string;
  readonly role: Role;
}

/** What a program does: everything; accepting, showing and scheduling runs; or claiming them and calling plugins. */
export const ROLES = ['all', 'server', 'worker'] as const;
export type Role = (typeof ROLES)[number];

/** Dotted path → raw value, as a flag gives it. */
export type Flags = ReadonlyMap<string, string>;

/**
 * @param root folder that relative paths start from (the repository)
 * @throws GantryError CONFIG_NOT_FOUND, CONFIG_SYNTAX, CONFIG_INVALID
 */
export async function loadConfig(
  root: string,
  environment: Environment,
  flags: Flags = new Map(),
): Promise<LoadedConfig> {
  const file = environment['GANTRY_CONFIG'] ?? 'config/system.yaml';
  const yaml = await readYaml(isAbsolute(file) ? file : join(root, file), file);
  const { values, problems } = await readEnvironment(environment);
  for (const [path, raw] of flags) values.push({ path, raw, origin: `--${path}` });
  const value = overlay(sectionsOf(yaml), values, problems);
  const parsed = SYSTEM_SCHEMA.safeParse(value);
  const isShared = parsed.success && parsed.data.store.uri.reveal() !== '';
  const role = roleOf(environment, isShared, problems);
  if (!parsed.success) problems.push(...explainIssues(parsed.error.issues, yaml, 'CONFIG_INVALID', keysAt));
  if (problems.length > 0 || !parsed.success)
    throw new GantryError('CONFIG_INVALID', `${String(problems.length)} problem(s) in the configuration`, {
      problems: firstOf(problems),
    });
  return { config: parsed.data, ...placesOf(root, environment), role };
}

function roleOf(environment: Environment, isShared: boolean, problems: Problem[]): Role {
  const raw = environment['GANTRY_ROLE'] ?? 'all';
  const role = ROLES.find((known) => known === raw);
  if (role === undefined) {
    const near = suggest(raw, ROLES);
    const shown = JSON.stringify(raw.slice(0, 64));
    const hint = near === null ? `use ${ROLES.join(', ')}` : `did you mean ${near}?`;
    problems.push(roleProblem(`no role is called ${shown}; ${hint}`));
  } else if (role !== 'all' && !isShared)
    problems.push(
      roleProblem(
        `the role ${role} needs a MongoDB to share: set store.uri; with the embedded store one program does all`,
      ),
    );
  return role ?? 'all';
}

function roleProblem(message: string): Problem {
  return { code: 'CONFIG_INVALID', message: `GANTRY_ROLE: ${message}`, file: 'GANTRY_ROLE', line: null, column: null };
}

function placesOf(root: string, environment: Environment): Pick<LoadedConfig, 'dataFolder' | 'dockerHost'> {
  const data = environment['GANTRY_DATA'] ?? '.gantry';
  return {
    dataFolder: isAbsolute(data) ? data : join(root, data),
    dockerHost: environment['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock',
  };
}

/** The file's value as a fresh copy, so that overlays do not touch it; a file of comments only counts as empty. */
function sectionsOf(yaml: YamlFile): unknown {
  return yaml.value === null || yaml.value === undefined ? {} : structuredClone(yaml.value);
}

function overlay(value: unknown, outside: readonly OutsideValue[], problems: Problem[]): unknown {
  if (!isSections(value)) return value;
  for (const { path, raw, origin } of outside) {
    const setting = SETTINGS.find((known) => known.path.join('.') === path);
    if (setting === undefined) continue;
    const accepted = acceptText(setting.schema, raw);
    if (accepted === undefined) problems.push(outsideProblem(setting, raw, origin));
    else (value[setting.path[0]] ??= {})[setting.path[1]] = accepted;
  }
  return value;
}

function isSections(value: unknown): value is Record<string, Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && Object.values(value).every((section) => typeof section === 'object')
  );
}

/** The text as the schema takes it: as it stands, or read as YAML (numbers, booleans, lists). */
function acceptText(schema: z.ZodType, raw: string): unknown {
  if (schema.safeParse(raw).success) return raw;
  let value: unknown;
  try {
    value = parse(raw, { maxAliasCount: 0 });
  } catch {
    return undefined;
  }
  if (schema.safeParse(value).success) return value;
  const list = raw.split(',').map((item) => item.trim());
  return schema.safeParse(list).success ? list : undefined;
}

function outsideProblem(setting: Setting, raw: string, origin: string): Problem {
  const probe = z.object({ [setting.path[1]]: setting.schema }).safeParse({ [setting.path[1]]: raw });
  const [first] = explainIssues(probe.error?.issues ?? [], parseYaml('', origin), 'CONFIG_INVALID', keysAt);
  const message = `${origin}: ${setting.path.join('.')}: ${first?.message ?? 'is not permitted'}`;
  return { code: 'CONFIG_INVALID', message, file: origin, line: null, column: null };
}

function keysAt(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return Object.keys(SYSTEM_SCHEMA.shape);
  return SETTINGS.filter((setting) => setting.path[0] === path[0]).map((setting) => setting.path[1]);
}

/** The environment of this process, for the entry points. */
export function processEnvironment(): Environment {
  return process.env;
}
