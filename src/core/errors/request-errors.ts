// Rows of the error table: what callers ask wrongly, and what load refuses.
import { row, type ErrorRow } from './error-row.ts';

export const REQUEST_ERRORS = {
  // command line and requests
  USAGE: row('caller', 400, 2, 'The command line is not understood.', 'Read `gantry <command> --help`.'),
  NOT_FOUND: row('caller', 404, 4, 'Nothing is at this address.', 'Check the address.'),
  METHOD_NOT_ALLOWED: row(
    'caller',
    405,
    2,
    'The address exists, the method does not.',
    'Use a method the Allow header names.',
  ),
  PIPELINE_NOT_FOUND: row('caller', 404, 4, 'No pipeline has this name.', 'See `gantry pipelines list`.'),
  PLUGIN_NOT_FOUND: row('caller', 404, 4, 'No plugin has this name.', 'See `gantry plugins list`.'),
  RUN_NOT_FOUND: row('caller', 404, 4, 'No run has this id.', 'See `gantry runs list`.'),
  RUN_FINISHED: row('caller', 409, 1, 'The run has ended already.', 'Nothing is left to cancel; see the state named.'),
  INPUT_INVALID: row('caller', 400, 2, 'The input is not acceptable JSON.', 'Mend the input at the place named.'),
  PARAMS_INVALID: row('caller', 400, 2, 'The params do not fit the schema of the pipeline.', 'Mend the params named.'),
  FOLDER_EXISTS: row(
    'caller',
    409,
    2,
    'The folder to be made stands already.',
    'Choose another name, or remove the folder.',
  ),
  FOLDER_UNWRITABLE: row('caller', 409, 2, 'A folder cannot be made or written.', 'Mend the path or its permissions.'),
  BODY_TOO_LARGE: row('caller', 413, 2, 'The request body is over its limit.', 'Send less.'),
  CONTENT_TYPE: row('caller', 415, 2, 'The content type is not application/json.', 'Send application/json.'),
  JSON_INVALID: row('caller', 400, 2, 'The request body is not acceptable JSON.', 'Mend the JSON.'),
  ID_INVALID: row('caller', 400, 2, 'This is no id of the wanted kind.', 'Copy the id as shown.'),
  QUERY_INVALID: row('caller', 400, 2, 'A query parameter is out of range or unknown.', 'Mend the parameter named.'),
  HOST_FORBIDDEN: row(
    'caller',
    421,
    8,
    'The Host header is not one of this server.',
    'Use a loopback name, or set web.allowedHosts.',
  ),
  ORIGIN_FORBIDDEN: row('caller', 403, 8, 'The request comes from a foreign page.', 'Use the panel or an API client.'),
  IDEMPOTENCY_CONFLICT: row('caller', 409, 2, 'The idempotency key was used for another request.', 'Use a new key.'),
  CANCELLED: row('caller', 409, 9, 'The run was cancelled.', 'Start it again if it is still wanted.'),
  TIMED_OUT: row(
    'caller',
    504,
    10,
    'The run did not end within its time.',
    'Raise the timeout or make the plugins faster.',
  ),
  // load
  QUEUE_FULL: row('load', 429, 7, 'The queue of the pipeline is full.', 'Retry after the time named.', true),
  BUSY: row('load', 429, 7, 'No sandbox can be had in time.', 'Retry after the time named.', true),
  DRAINING: row('load', 503, 7, 'The program is shutting down.', 'Retry when it is back.', true),
} as const satisfies Record<string, ErrorRow>;
