// Schedules and webhooks of the example pipeline, over the door of the test.
import { CronerTimes } from '../../../src/adapters/croner/croner-cron.ts';
import { SystemClock } from '../../../src/adapters/system/system-clock.ts';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { Pipeline } from '../../../src/core/pipeline.ts';
import type { EventBus } from '../../../src/observe/event-bus.ts';
import { DeclaredSchedules } from '../../../src/triggers/declared-schedules.ts';
import { Schedules } from '../../../src/triggers/schedules.ts';
import { WebhookDoor } from '../../../src/triggers/webhook-door.ts';
import type { WebPorts } from '../../../src/web/ports.ts';
import type { MemoryStore } from '../store/memory-store.ts';
import { EXAMPLE_PIPELINE } from './example-plugin.ts';
import type { ScriptedDoor } from './scripted-door.ts';

export function exampleTriggers(
  store: MemoryStore,
  events: EventBus,
  door: ScriptedDoor,
  secrets: ReadonlyMap<string, string>,
): Pick<WebPorts, 'schedules' | 'webhooks'> {
  const clock = new SystemClock();
  const all: ReadonlyMap<string, Pipeline> = new Map([[EXAMPLE_PIPELINE.name, EXAMPLE_PIPELINE]]);
  const pipelines = (): ReadonlyMap<string, Pipeline> => all;
  const declared = new DeclaredSchedules(new CronerTimes(), pipelines);
  return {
    schedules: new Schedules({ clock, events, store, declared, onChange: () => undefined }, { storeTimeoutMs: 60_000 }),
    webhooks: new WebhookDoor({
      ...{ clock, events, pipelines },
      secrets: {
        read: ([name = '']) => {
          const value = secrets.get(name);
          return value === undefined
            ? Promise.reject(new GantryError('SECRET_MISSING', `no value for ${name}`))
            : Promise.resolve(new Map([[name, value]]));
        },
      },
      runs: { startRun: (request) => door.startRun({ ...request, idempotencyKey: request.idempotencyKey ?? null }) },
    }),
  };
}
