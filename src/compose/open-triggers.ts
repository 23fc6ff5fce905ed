// Schedules and webhooks over the runs. Programs for one command show and switch schedules, but fire none.
import { CronerTimes } from '../adapters/croner/croner-cron.ts';
import type { Runs } from '../triggers/create-runs.ts';
import { DeclaredSchedules } from '../triggers/declared-schedules.ts';
import { ScheduleLoop } from '../triggers/schedule-loop.ts';
import { Schedules } from '../triggers/schedules.ts';
import { WebhookDoor } from '../triggers/webhook-door.ts';
import type { Ground } from './ground.ts';

export interface Triggers {
  readonly schedules: Schedules;
  readonly webhooks: WebhookDoor;
  /** Fires from now on, until it is disposed of. */
  start(): AsyncDisposable;
}

export function openTriggers(ground: Ground, runs: Runs): Triggers {
  const { clock, events, logger, store, secrets, ids, pipelines: book, config } = ground;
  const pipelines = (): ReturnType<typeof book.current> => book.current();
  const declared = new DeclaredSchedules(new CronerTimes(), pipelines);
  const settings = {
    workerId: ids.newId('wrk'),
    isOnlyWorker: config.store.uri.reveal() === '',
    storeTimeoutMs: config.store.timeout,
  };
  const onChange = (): void => {
    loop.wake();
  };
  const schedules = new Schedules({ clock, events, store, declared, onChange }, settings);
  const onListed: typeof schedules.remember = (records) => {
    schedules.remember(records);
  };
  const loop = new ScheduleLoop({ clock, events, logger, store, runs, declared, onListed }, settings);
  return {
    schedules,
    webhooks: new WebhookDoor({ clock, events, secrets, runs, pipelines }),
    start: () => {
      const following = book.onChange(onChange);
      loop.start();
      return {
        [Symbol.asyncDispose]: async () => {
          following[Symbol.dispose]();
          await loop[Symbol.asyncDispose]();
        },
      };
    },
  };
}
