// Old images and old records: what would be removed, and the removal. Both answers have one shape.
import type { KeptImage, RemovedImage, SweepReport } from '../../core/image-retention.ts';
import { jsonAnswer, type Answer, type Route, type WebRequest } from '../http/route.ts';
import type { WebPorts } from '../ports.ts';

export function gcRoutes(ports: WebPorts): readonly Route[] {
  return [
    { method: 'GET', path: '/api/v1/gc', answer: (request) => answerSweep(ports, request, true) },
    { method: 'POST', path: '/api/v1/gc', answer: (request) => answerSweep(ports, request, false) },
    { method: 'GET', path: '/api/v1/gc/runs', answer: (request) => answerRecords(ports, request, true) },
    { method: 'POST', path: '/api/v1/gc/runs', answer: (request) => answerRecords(ports, request, false) },
  ];
}

/** Takes as long as the engine does, so only the client's leaving ends it. */
async function answerSweep(ports: WebPorts, { gone }: WebRequest, isDryRun: boolean): Promise<Answer> {
  return jsonAnswer(sweepView(await ports.images.sweep({ isDryRun }, gone)));
}

/** As long as there is something to remove; when the client leaves, the rest waits for the next sweep. */
async function answerRecords(ports: WebPorts, { gone }: WebRequest, isDryRun: boolean): Promise<Answer> {
  return jsonAnswer({ ...(await ports.records.sweep({ isDryRun }, gone)) });
}

function sweepView({ removed, kept, ...rest }: SweepReport): object {
  return { ...rest, removed: removed.map(imageView), kept: kept.map(imageView) };
}

function imageView({ id, createdAtMs, lastUsedAtMs, ...image }: RemovedImage | KeptImage): object {
  const [createdAt, lastUsedAt] = [createdAtMs, lastUsedAtMs].map((ms) => new Date(ms).toISOString());
  return { imageId: id, ...image, createdAt, lastUsedAt };
}
