// The one table of error codes: who is at fault, HTTP status, CLI exit code, whether a retry can help, meaning, and how to mend it.
// docs/errors.md is generated from it; a test proves that each code is documented and provoked by a named test.

import { row, type ErrorRow } from './error-row.ts';
import { PLUGIN_ERRORS } from './plugin-errors.ts';
import { REQUEST_ERRORS } from './request-errors.ts';

export const ERROR_TABLE = {
  ...REQUEST_ERRORS,
  // configuration
  CONFIG_NOT_FOUND: row(
    'operator',
    500,
    3,
    'A configuration file is missing or unreadable.',
    'Create the file at the path named.',
  ),
  CONFIG_SYNTAX: row('operator', 500, 3, 'A configuration file is not YAML.', 'Mend the line named.'),
  CONFIG_INVALID: row('operator', 500, 3, 'A configuration value is not permitted.', 'Mend the keys named.'),
  PIPELINE_INVALID: row('operator', 500, 3, 'A pipeline is not declared properly.', 'Mend the places named.'),
  EXPRESSION_INVALID: row(
    'operator',
    500,
    3,
    'An expression is no acceptable CEL.',
    'Mend the expression at the place named.',
  ),
  SECRET_MISSING: row('operator', 500, 3, 'A secret that a plugin needs is not set.', 'Provide the secret named.'),
  SECRET_INVALID: row(
    'operator',
    500,
    3,
    'A secret is too short to be redacted safely.',
    'Use a secret of at least 8 characters.',
  ),
  INSTANCE_LOCKED: row(
    'operator',
    409,
    3,
    'Another program holds this instance.',
    'Stop it, or use another GANTRY_DATA.',
  ),
  PORT_TAKEN: row(
    'operator',
    500,
    3,
    'The address to listen on is in use.',
    'Free it, or set another one: --port, --metrics-port.',
  ),
  ...PLUGIN_ERRORS,
  // engine and store
  DOCKER_UNAVAILABLE: row(
    'platform',
    503,
    5,
    'The Docker Engine does not answer.',
    'Start it, or mend the socket path named.',
    true,
  ),
  ENGINE_TIMEOUT: row('platform', 503, 5, 'The Docker Engine did not answer in time.', 'See `gantry doctor`.', true),
  ENGINE_FAILED: row('platform', 502, 5, 'The Docker Engine refused a request.', 'See the cause.'),
  STORE_UNAVAILABLE: row(
    'platform',
    503,
    6,
    'The store cannot be reached or written.',
    'Start it or free its disk; see the cause.',
    true,
  ),
  STORE_TIMEOUT: row('platform', 503, 6, 'The store did not answer in time.', 'See `gantry doctor`.', true),
  STORE_FAILED: row('platform', 500, 6, 'The store refused an operation.', 'See the cause.'),
  STORE_SCHEMA_NEWER: row(
    'operator',
    500,
    6,
    'The store was written by a newer release.',
    'Use that release, or another store.',
  ),
  // runs (recorded in a run, seldom thrown)
  MERGE_CONFLICT: row(
    'plugin',
    422,
    1,
    'Parallel plugins gave the same key different values.',
    'Let one of them write it, or order them.',
  ),
  APPROVAL_REJECTED: row(
    'caller',
    422,
    1,
    'A hook was rejected by who decides about it, or nobody decided in time.',
    'See the comment; start the run again when the objection is met.',
  ),
  SUB_RUN_FAILED: row(
    'plugin',
    422,
    1,
    'The run that a hook started did not succeed.',
    'See the run named: its failure says why.',
  ),
  SUB_RUN_TOO_DEEP: row(
    'operator',
    422,
    3,
    'Runs start runs, deeper than is allowed.',
    'Look for a pipeline that runs itself.',
  ),
  WORKER_LOST: row('platform', 500, 1, 'The program ended while the run was under way.', 'Start the run again.', true),
  DEFECT: row('defect', 500, 70, 'A defect of Gantry.', 'Report it with the log.'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERROR_TABLE;

/** True when the text is a code of the table. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_TABLE, text);
}
