// Events as the program hears them: metrics, live status and a log file take part, so that what a benchmark measures is what a user pays.
import { join } from 'node:path';
import { PinoLogger } from '../../src/adapters/logging/pino-logger.ts';
import { PrometheusMetrics } from '../../src/adapters/prometheus/prometheus-metrics.ts';
import { EventBus, PACE } from '../../src/observe/event-bus.ts';
import { LiveStatus } from '../../src/observe/live-status.ts';
import { logEvents } from '../../src/observe/log-events.ts';
import { METRICS } from '../../src/observe/metric-definitions.ts';
import { MetricsRecorder } from '../../src/observe/record-metrics.ts';

/** @param folder the log comes to lie there */
export function observedEvents(
  folder: string,
  names: { readonly pipelines: readonly string[]; readonly hooks: readonly string[] },
  stack: AsyncDisposableStack,
): { readonly events: EventBus; readonly logger: PinoLogger } {
  const file = { folder: join(folder, 'logs'), maxBytes: 64 * 1024 * 1024, keep: 1 };
  const logger = stack.use(new PinoLogger({ level: 'info', file, stream: null }));
  const events = stack.use(new EventBus(logger, PACE));
  const recorder = new MetricsRecorder({ metrics: new PrometheusMetrics(Object.values(METRICS)), ...names });
  stack.use(events.subscribe(recorder.record));
  stack.use(events.subscribe(new LiveStatus().record));
  stack.use(events.subscribe(logEvents(logger)));
  return { events, logger };
}
