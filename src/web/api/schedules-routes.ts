// Schedules: list, show, pause, resume.
import { z } from 'zod';
import { GantryError } from '../../core/errors/gantry-error.ts';
import { NEXT_TIMES_MAX } from '../../triggers/schedules.ts';
import { readQuery } from '../http/read-query.ts';
import { jsonAnswer, type Answer, type Route, type WebRequest } from '../http/route.ts';
import type { WebPorts } from '../ports.ts';
import { triggerOf } from './start-run-route.ts';

const NEXT_TIMES = 5;

const query = z.object({
  count: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a whole number')
    .transform(Number)
    .refine((count) => count >= 1 && count <= NEXT_TIMES_MAX, `must be 1 to ${String(NEXT_TIMES_MAX)}`)
    .optional(),
});

export function schedulesRoutes({ schedules }: Pick<WebPorts, 'schedules'>): readonly Route[] {
  return [
    { method: 'GET', path: '/api/v1/schedules', answer: (request) => answerAll(schedules, request) },
    {
      method: 'GET',
      path: '/api/v1/schedules/:pipeline/:name',
      answer: async (request) => jsonAnswer(await schedules.find(idOf(request), countOf(request))),
    },
    {
      method: 'POST',
      path: '/api/v1/schedules/:pipeline/:name/pause',
      answer: async (request) => jsonAnswer(await schedules.pause(idOf(request), triggerOf(request))),
    },
    {
      method: 'POST',
      path: '/api/v1/schedules/:pipeline/:name/resume',
      answer: async (request) => jsonAnswer(await schedules.resume(idOf(request), triggerOf(request))),
    },
  ];
}

async function answerAll(schedules: WebPorts['schedules'], request: WebRequest): Promise<Answer> {
  return jsonAnswer({ items: await schedules.list(countOf(request)), next: null });
}

function countOf(request: WebRequest): number {
  return readQuery(request.query, query).count ?? NEXT_TIMES;
}

const NAME = /^[a-z][a-z0-9_-]{0,62}$/;

/** One that cannot exist is not found. @throws GantryError SCHEDULE_NOT_FOUND */
function idOf({ params }: WebRequest): string {
  const [pipeline, name] = [params['pipeline'] ?? '', params['name'] ?? ''];
  if (NAME.test(pipeline) && NAME.test(name)) return `${pipeline}/${name}`;
  throw new GantryError('SCHEDULE_NOT_FOUND', 'There is no schedule with this name.');
}
