// What every part of the program stands on, as the composition root hands it on. Types only: adapters are made in compose.ts.
import type { SystemConfig } from '../config/system-schema.ts';
import type { StartBeats } from '../core/ports/beat-thread.ts';
import type { ArtifactContent } from '../core/ports/artifact-content.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { ContainerEngine } from '../core/ports/container-engine.ts';
import type { Expressions } from '../core/ports/expression.ts';
import type { HostPressure } from '../core/ports/host-pressure.ts';
import type { IdSource } from '../core/ports/id-source.ts';
import type { Logger } from '../core/ports/logger.ts';
import type { NamedPipes } from '../core/ports/named-pipes.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import type { Secrets } from '../core/ports/secrets.ts';
import type { Store } from '../core/ports/store.ts';
import type { UsageMeter } from '../core/ports/usage-meter.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { PipelineBook } from './pipeline-book.ts';

export interface Ground {
  /** the repository: paths in messages and of the configuration start here */
  readonly root: string;
  readonly config: SystemConfig;
  readonly dataFolder: string;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly events: EventBus;
  readonly metrics: Metrics;
  readonly store: Store;
  /** where the store's beats have a thread of their own */
  readonly startBeats: StartBeats | null;
  /** bytes of artifacts */
  readonly artifacts: ArtifactContent;
  readonly secrets: Secrets;
  readonly expressions: Expressions;
  readonly usage: UsageMeter;
  /** null where it is not to be looked at, or the engine is on another machine */
  readonly pressure: HostPressure | null;
  readonly pipes: NamedPipes;
  readonly pipelines: PipelineBook;
  /** absolute path of a configured one */
  readonly at: (path: string) => string;
}

/** An engine that belongs to this instance. */
export interface InstanceEngine {
  readonly engine: ContainerEngine;
  readonly instanceId: string;
}
