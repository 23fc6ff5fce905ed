// What starts runs of a pipeline without anybody asking: times of day and signed requests.
import type { JsonObject } from './json.ts';

export const CATCH_UPS = ['none', 'latest', 'all'] as const;
export type CatchUp = (typeof CATCH_UPS)[number];

export const OVERLAPS = ['queue', 'skip', 'cancel_previous'] as const;
export type Overlap = (typeof OVERLAPS)[number];

interface TriggerCommon {
  /** unique within the pipeline */
  readonly name: string;
  readonly params: JsonObject;
  /** when not empty, only plugins with one of these tags are called */
  readonly tags: readonly string[];
  /** plugins with one of these tags are not called */
  readonly skipTags: readonly string[];
}

export interface ScheduleSpec extends TriggerCommon {
  readonly kind: 'schedule';
  /** five or six fields, the sixth (first) being seconds */
  readonly cron: string;
  /** IANA name */
  readonly timezone: string;
  /** what becomes of times that passed while nobody looked */
  readonly catchUp: CatchUp;
  /** what becomes of a time at which the run of the time before has not ended */
  readonly overlap: Overlap;
}

export interface WebhookSpec extends TriggerCommon {
  readonly kind: 'webhook';
  /** unique within the installation */
  readonly path: string;
  /** name of the secret that signs */
  readonly secret: string;
}

export type TriggerSpec = ScheduleSpec | WebhookSpec;
