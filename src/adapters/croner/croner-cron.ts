// Cron through a library, behind the Cron port: it reads the text and knows the time zones; no timer of it is ever used.
// Where the clocks change: a tick of a fixed time (`30 2 * * *`) in the hour that is skipped comes at the end of the gap, in the hour
// that is repeated the first time only; what repeats within the day (`*/30 * * * *`, lists, ranges) goes by the hours as they come.
import { Cron as CronerCron } from 'croner';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import type { Cron, TickTimes } from '../../core/ports/cron.ts';

/** The library would take a date for a pattern that fires once. */
const FIELDS = /^\S+(\s+\S+){4,5}$/;

export class CronerTimes implements Cron {
  read(text: string, timezone: string): TickTimes {
    const cron = parse(text.trim(), timezone);
    return { next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() ?? null };
  }
}

function parse(text: string, timezone: string): CronerCron {
  if (!FIELDS.test(text)) throw invalid('it has not five fields, or six with seconds first');
  let isEverDue: boolean;
  let cron: CronerCron;
  try {
    cron = new CronerCron(text, { timezone, mode: '5-or-6-parts', paused: true });
    isEverDue = cron.nextRun() !== null;
  } catch (error) {
    throw invalid(messageOf(error).replace(/^Cron(Pattern|Date): /, ''), error);
  }
  if (!isEverDue) throw invalid('such a time never comes');
  return cron;
}

function invalid(reason: string, cause?: unknown): GantryError {
  return new GantryError('PIPELINE_INVALID', reason, { cause });
}
