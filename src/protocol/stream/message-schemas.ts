// The messages of protocol `stream` as schemas: the host reads a plugin's messages by them, and docs/schemas is generated from them.
// Members that are not named here are let through and ignored, so that minor versions can add some.
import { z } from 'zod';
import { REQUEST_ID_LENGTH_MAX } from './stream-limits.ts';

const jsonrpc = z.literal('2.0');
const hostId = z.int().min(1).describe('Number of the request; the host counts from 1.');
const object = z.looseObject({});

/** Id of a request that a plugin makes. */
const pluginId = z.union([z.int(), z.string().max(REQUEST_ID_LENGTH_MAX)]);

const ofRequest = z
  .int()
  .optional()
  .describe('Id of the `run` it belongs to; without it, the only one in flight, if there is only one.');

/** Plugin → host: `result` is checked apart, it depends on what was asked. */
export const responseSchema = z.looseObject({ jsonrpc, id: z.union([pluginId, z.null()]), result: z.unknown() });

export const errorResponseSchema = z.looseObject({
  jsonrpc,
  id: z.union([pluginId, z.null()]),
  error: z.looseObject({
    code: z.int(),
    message: z.string(),
    data: z.looseObject({ nonce: z.string().optional().describe('Must be there in the answer to `run`.') }).optional(),
  }),
});

export const requestSchema = z.looseObject({
  jsonrpc,
  id: pluginId,
  method: z.string().max(REQUEST_ID_LENGTH_MAX),
  params: z.unknown().optional(),
});

export const notificationSchema = z.looseObject({ jsonrpc, method: z.string(), params: z.unknown().optional() });

export const logSchema = z.looseObject({
  id: ofRequest,
  level: z.enum(['debug', 'info', 'warn', 'error']),
  message: z.string(),
  fields: object.optional(),
});

export const progressSchema = z.looseObject({
  id: ofRequest,
  done: z.number().min(0),
  total: z.number().min(0).optional(),
  message: z.string().optional(),
});

export const metricSchema = z.looseObject({
  id: ofRequest,
  name: z.string().regex(/^[a-z][a-z0-9_]{0,62}$/),
  value: z.number(),
  labels: z
    .record(z.string().regex(/^[a-z][a-z0-9_]{0,62}$/), z.string().max(100))
    .refine((labels) => Object.keys(labels).length <= 8, 'has more than 8 labels')
    .optional()
    .describe('At most 8.'),
});

const flag = z.boolean().default(false);

export const REUSES = ['warm', 'fork'] as const;

export const capabilitiesSchema = z.object({
  onLoad: flag.describe('It wants `on_load`.'),
  onShutdown: flag.describe('It wants `on_shutdown`.'),
  cancel: flag.describe('It acts on `cancel`; without it, a cancelled plugin is ended.'),
  metadata: flag.describe('It answers `get_metadata`.'),
  configUi: flag.describe('It answers `get_config_ui`.'),
  concurrency: flag.describe('It can work on several runs at once; without it, the host sends one at a time.'),
  reuse: z.array(z.string()).default(['warm']).describe('How it can serve several runs: warm, fork.'),
});
export type Capabilities = z.output<typeof capabilitiesSchema>;

export const initializeResultSchema = z.looseObject({
  protocol: z.string().regex(/^\d{1,4}\.\d{1,4}$/),
  ready: z.literal(true),
  capabilities: capabilitiesSchema.prefault({}),
});

const runResultSchema = z
  .looseObject({
    nonce: z.string(),
    status: z.enum(['success', 'skipped', 'error']).optional(),
    data: z.unknown().optional(),
    reason: z.string().optional(),
    error: z
      .looseObject({
        code: z.string().optional(),
        message: z.string().optional(),
        retryable: z.boolean().optional(),
      })
      .optional(),
  })
  .describe('A result document with the nonce of the request. Without `status`: a success, the rest is its data.');

function request<Method extends string, Params extends z.ZodType>(method: Method, params: Params) {
  return z.looseObject({ jsonrpc, id: hostId, method: z.literal(method), params });
}

function notification<Method extends string, Params extends z.ZodType>(method: Method, params: Params) {
  return z.looseObject({ jsonrpc, method: z.literal(method), params });
}

const runParams = z.looseObject({
  protocol: z.string(),
  method: z.literal('run'),
  invocation: z.looseObject({
    id: z.string(),
    nonce: z.string(),
    attempt: z.int().min(1),
    idempotencyKey: z.string(),
    deadline: z.string(),
    timeoutMs: z.int(),
    traceparent: z.string().optional(),
  }),
  context: z.looseObject({
    run: z.looseObject({ id: z.string(), pipeline: z.string(), trigger: z.string() }),
    hook: z.string(),
    params: object,
    data: z.unknown(),
    results: object,
  }),
  config: object,
  secrets: z.record(z.string(), z.string()),
});

/** Whatever the host writes, one per line. */
export const hostMessageSchema = z.union([
  request(
    'initialize',
    z.looseObject({
      protocol: z.string(),
      plugin: z.looseObject({ name: z.string(), version: z.string() }),
      config: object,
      reuse: z.enum(REUSES).describe('How the process will be used for several runs.'),
      concurrency: z.int().min(1).describe('Most runs in flight at once.'),
    }),
  ),
  request('on_load', z.looseObject({ config: object })),
  request('run', runParams),
  request('get_metadata', object),
  request('get_config_ui', object),
  request('on_shutdown', object),
  notification('cancel', z.looseObject({ id: hostId, reason: z.string(), graceMs: z.int().min(0) })),
  z.looseObject({ jsonrpc, id: pluginId, result: z.unknown() }).describe('An answer to a request for a host service.'),
  z
    .looseObject({
      jsonrpc,
      id: pluginId,
      error: z.looseObject({ code: z.int(), message: z.string(), data: z.looseObject({ code: z.string() }) }),
    })
    .describe('A refusal of a request.'),
]);

/** Whatever a plugin may write, one per line. */
export const pluginMessageSchema = z.union([
  z.looseObject({ jsonrpc, id: hostId, result: z.union([runResultSchema, initializeResultSchema, z.unknown()]) }),
  errorResponseSchema,
  notification('log', logSchema),
  notification('progress', progressSchema),
  notification('metric', metricSchema),
  requestSchema,
]);
