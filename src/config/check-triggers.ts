// What the form of a trigger cannot say: exactly one kind, names that stand once, times that come, params that fit the pipeline's schema.
import { GantryError } from '../core/errors/gantry-error.ts';
import type { JsonObject } from '../core/json.ts';
import type { Cron } from '../core/ports/cron.ts';
import { checkSchema, validateAgainst } from '../core/schema-subset.ts';
import { triggerName } from './make-pipeline.ts';
import type { DeclaredPipeline, DeclaredTrigger } from './pipeline-schema.ts';

type Path = readonly PropertyKey[];
type Fault = readonly [path: Path, message: string];

export function checkTriggers({ triggers, params }: DeclaredPipeline, at: Path, cron: Cron): readonly Fault[] {
  const schema = params === undefined || checkSchema(params as JsonObject).length > 0 ? null : (params as JsonObject);
  const seen = new Set<string>();
  return triggers.flatMap((trigger, index): readonly Fault[] => {
    const place = [...at, 'triggers', index];
    const name = triggerName(trigger, index);
    const isTaken = seen.has(name);
    seen.add(name);
    const named = trigger.name === undefined ? place : [...place, 'name'];
    return [
      ...(isTaken ? [[named, `another trigger of the pipeline is called "${name}"`] as const] : []),
      ...checkTrigger(trigger, place, cron),
      ...(schema === null ? [] : checkParams(trigger, schema, place)),
    ];
  });
}

function checkTrigger(trigger: DeclaredTrigger, at: Path, cron: Cron): readonly Fault[] {
  const kinds = (['schedule', 'webhook'] as const).filter((kind) => trigger[kind] !== undefined);
  if (kinds.length !== 1) return [[at, 'has neither or both of schedule and webhook; one is needed']];
  if (trigger.schedule !== undefined) return checkSchedule(trigger.schedule, trigger.timezone ?? 'UTC', at, cron);
  return (['timezone', 'catchUp', 'overlap'] as const)
    .filter((key) => trigger[key] !== undefined)
    .map((key): Fault => [[...at, key], 'belongs to schedules only']);
}

function checkSchedule(text: string, timezone: string, at: Path, cron: Cron): readonly Fault[] {
  if (!isTimeZone(timezone))
    return [[[...at, 'timezone'], `"${timezone}" is no time zone that this machine knows (write Europe/Paris)`]];
  try {
    cron.read(text, timezone);
    return [];
  } catch (error) {
    if (!(error instanceof GantryError)) throw error;
    return [[[...at, 'schedule'], `is no schedule: ${error.message}`]];
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function checkParams(trigger: DeclaredTrigger, schema: JsonObject, at: Path): readonly Fault[] {
  const { issues } = validateAgainst(schema, trigger.params as JsonObject);
  return issues.map(({ path, message }): Fault => [[...at, 'params', ...path], message]);
}
