// The one table of error codes: who is at fault, HTTP status, CLI exit code, whether a retry can help, meaning, and how to mend it.
// docs/errors.md is generated from it; a test proves that each code is documented and provoked by a named test.

/** Who is at fault. `load`: busy, retry later. `platform`: engine or store. `defect`: our own mistake. */
export type Fault = 'caller' | 'operator' | 'plugin' | 'load' | 'platform' | 'defect';

export interface ErrorRow {
  readonly fault: Fault;
  readonly httpStatus: number;
  readonly exitCode: number;
  readonly isRetryable: boolean;
  readonly meaning: string;
  readonly mend: string;
}

function row(
  fault: Fault,
  httpStatus: number,
  exitCode: number,
  meaning: string,
  mend: string,
  isRetryable = false,
): ErrorRow {
  return { fault, httpStatus, exitCode, isRetryable, meaning, mend };
}

export const ERROR_TABLE = {
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
  DEPENDENCY_CYCLE: row('operator', 500, 3, 'The hooks of a pipeline wait for each other.', 'Break the circle named.'),
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
  PORT_TAKEN: row('operator', 500, 3, 'The address to listen on is in use.', 'Free it or set another port.'),
  // manifests
  MANIFEST_EMPTY: row('plugin', 422, 3, 'plugin.yaml is empty.', 'Write a manifest; see docs/manifest.md.'),
  MANIFEST_SYNTAX: row('plugin', 422, 3, 'plugin.yaml is not YAML.', 'Mend the line named.'),
  MANIFEST_TOO_COMPLEX: row(
    'plugin',
    422,
    3,
    'plugin.yaml nests or repeats too much.',
    'Write it plainly, without aliases.',
  ),
  MANIFEST_TOO_LARGE: row('plugin', 422, 3, 'plugin.yaml is over its size limit.', 'Keep it below the limit named.'),
  MANIFEST_UNKNOWN_FIELD: row('plugin', 422, 3, 'plugin.yaml has a key that does not exist.', 'Use the key suggested.'),
  MANIFEST_FORBIDDEN_KEY: row('plugin', 422, 3, 'plugin.yaml has a key that is never permitted.', 'Remove the key.'),
  MANIFEST_INVALID: row('plugin', 422, 3, 'A value of plugin.yaml is not permitted.', 'Mend the value named.'),
  MANIFEST_UNREADABLE: row(
    'plugin',
    422,
    3,
    'plugin.yaml is no readable regular file.',
    'Make it a readable regular file.',
  ),
  ENCODING: row('plugin', 422, 3, 'A file is not UTF-8.', 'Save it as UTF-8.'),
  PLUGIN_NAME_INVALID: row('plugin', 422, 3, 'The name of a plugin is not permitted.', 'Use [a-z][a-z0-9_-]{0,62}.'),
  PLUGIN_DUPLICATE: row(
    'plugin',
    422,
    3,
    'Two folders declare one plugin at one version.',
    'Rename one or raise its version.',
  ),
  VERSION_INVALID: row('plugin', 422, 3, 'The version is not semver.', 'Use MAJOR.MINOR.PATCH.'),
  LIMIT_INVALID: row('plugin', 422, 3, 'A limit is out of its range.', 'Use a value in the range named.'),
  HOOK_UNKNOWN: row('plugin', 422, 3, 'A named pipeline has no such hook.', 'Use a hook that the pipeline declares.'),
  EGRESS_FORBIDDEN: row(
    'plugin',
    422,
    3,
    'A network destination is never permitted.',
    'Name public hosts as host:port.',
  ),
  SECRET_INLINE: row('plugin', 422, 3, 'A secret seems to be written into a file.', 'Refer to it by name instead.'),
  NOT_SUPPORTED_YET: row(
    'plugin',
    422,
    3,
    'This release does not implement the value yet.',
    'Use a supported value, or a later release.',
  ),
  // folders, builds, images
  ENTRY_MISSING: row('plugin', 422, 3, 'The entry file is not in the folder.', 'Add the file or mend `entry`.'),
  CONTEXT_FORBIDDEN_ENTRY: row(
    'plugin',
    422,
    3,
    'The folder holds something other than plain files and folders.',
    'Remove the entry named.',
  ),
  CONTEXT_TOO_LARGE: row(
    'plugin',
    422,
    3,
    'The folder is over a size limit.',
    'Remove files or list them in .dockerignore.',
  ),
  CONTEXT_UNREADABLE: row('plugin', 422, 3, 'A file of the folder cannot be read.', 'Mend its permissions.'),
  CONTEXT_CHANGED: row(
    'plugin',
    409,
    3,
    'The folder changed while it was packed.',
    'Save and wait: it is tried again.',
    true,
  ),
  DOCKERFILE_NOT_ALLOWED: row(
    'operator',
    422,
    3,
    'Own Dockerfiles are not permitted here.',
    'Use `runtime`, or set build.allowDockerfile.',
  ),
  BUILD_NETWORK_NOT_ALLOWED: row(
    'operator',
    422,
    3,
    'Builds may not use the network here.',
    'Remove build.network, or set build.allowNetwork.',
  ),
  BASE_IMAGE_MISSING: row(
    'operator',
    422,
    3,
    'The base image is not on the engine.',
    'Run `gantry bases build` or `gantry bases pull`.',
  ),
  BUILD_TIMEOUT: row(
    'plugin',
    422,
    3,
    'The build took longer than its limit.',
    'Make it faster, or raise build.timeout.',
  ),
  BUILD_FAILED: row('plugin', 422, 3, 'The build failed.', 'Mend the line named; see the build log.'),
  IMAGE_MISSING: row(
    'plugin',
    422,
    3,
    'The image is neither on the engine nor to be pulled.',
    'Pull it, or mend `image`.',
  ),
  IMAGE_UNSAFE: row(
    'plugin',
    422,
    3,
    'The image carries settings that weaken the sandbox.',
    'Remove each setting named.',
  ),
  START_FAILED: row(
    'plugin',
    422,
    3,
    'The command of the plugin cannot be started.',
    'Make it an executable file that exists.',
  ),
  SPEC_MISMATCH: row(
    'platform',
    500,
    5,
    'The engine made a container other than asked.',
    'Report the fields named; the container was not started.',
  ),
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
    'Parallel plugins wrote the same key.',
    'Let one of them write it, or order them.',
  ),
  WORKER_LOST: row('platform', 500, 1, 'The program ended while the run was under way.', 'Start the run again.', true),
  DEFECT: row('defect', 500, 70, 'A defect of Gantry.', 'Report it with the log.'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERROR_TABLE;

/** True when the text is a code of the table. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_TABLE, text);
}
