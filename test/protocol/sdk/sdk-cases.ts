// The one table every SDK must pass: what the fixture plugin is asked, and the exact result document and exit code that
// must come back. Error messages are matched in part, because each language words its own exceptions.

export interface SdkCase {
  readonly promise: string;
  readonly name: string;
  readonly members?: Readonly<Record<string, unknown>>;
  /** Replaces or removes (undefined) members of the request document. */
  readonly request?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: RegExp; readonly retryable?: boolean };
  readonly stderr?: RegExp;
}

const BIG_LENGTH = 8_000_000;
const VALUES = {
  texts: ['', 'ž 🐎 \u2028', '"\\/\b\f\n\r\t\u0001\u007f', '</script>&'],
  numbers: [0, -1, 1.5, -0.25e-7, 1e21, 9_007_199_254_740_991, 1.7976931348623157e308],
  nested: [[], {}, [[{ a: [null] }]], { '': { ' ': true } }],
  none: null,
  no: false,
};

export const SDK_CASES: readonly SdkCase[] = [
  {
    promise: 'takes a plain object for the data of a success',
    name: 'object',
    result: { status: 'success', data: { n: 3, text: 'žluťoučký 🐎' } },
  },
  {
    promise: 'passes a full result on as it is',
    name: 'result',
    result: { status: 'success', data: { n: 4 }, artifacts: [] },
  },
  { promise: 'takes nothing for a success without data', name: 'nothing', result: { status: 'success', data: {} } },
  {
    promise: 'says why a plugin skipped',
    name: 'skip',
    result: { status: 'skipped', reason: 'nothing to do' },
  },
  {
    promise: 'turns what the handler throws into an error result and keeps the reason on stderr',
    name: 'throw',
    error: { code: 'exception', message: /boom|exit code 1/ },
    stderr: /boom/,
  },
  {
    promise: 'reports a failure with the code and the retry advice the author gave',
    name: 'fail',
    error: { code: 'no_rows', message: /^there are no rows$/, retryable: true },
  },
  {
    promise: 'turns a stray print into a log line',
    name: 'print',
    result: { status: 'success', data: { n: 5 } },
    stderr: /a stray print/,
  },
  {
    promise: 'turns what a child process prints into a log line',
    name: 'child',
    result: { status: 'success', data: { n: 6 } },
    stderr: /a stray child/,
  },
  {
    promise: 'writes a log entry as one JSON object on one line of stderr',
    name: 'log',
    result: { status: 'success', data: { cancelled: false } },
    stderr: /^\{.*"level": ?"warn".*\}\n$/,
  },
  {
    promise: 'hands context, config, secrets and invocation to the handler, and ignores unknown members',
    name: 'other',
    request: { futureMember: { deep: [1] } },
    result: {
      status: 'success',
      data: { config: { limit: 3 }, secrets: { TOKEN: 'hush' }, attempt: 2, hook: 'fetch' },
    },
  },
  {
    promise: 'gives on values of every kind as they are',
    name: 'other',
    request: { config: VALUES },
    result: { status: 'success', data: { config: VALUES, secrets: { TOKEN: 'hush' }, attempt: 2, hook: 'fetch' } },
  },
  {
    promise: 'speaks to a host of a later minor version',
    name: 'nothing',
    request: { protocol: '1.7' },
    result: { status: 'success', data: {} },
  },
  {
    promise: 'reads a request of eight megabytes',
    name: 'size',
    members: { text: 'x'.repeat(BIG_LENGTH) },
    result: { status: 'success', data: { length: BIG_LENGTH } },
  },
  {
    promise: 'writes a result of eight megabytes',
    name: 'big',
    members: { length: BIG_LENGTH },
    result: { status: 'success', data: { text: 'x'.repeat(BIG_LENGTH) } },
  },
  {
    promise: 'refuses a number that JSON cannot say',
    name: 'not_finite',
    error: { code: 'invalid_result', message: /the result cannot be sent: .*(not finite|not a finite number|NaN)/ },
  },
  {
    promise: 'refuses a status the contract does not know',
    name: 'bad_status',
    error: { code: 'invalid_result', message: /success, skipped or error/ },
  },
  {
    promise: 'refuses a result that is not an object',
    name: 'list',
    error: { code: 'invalid_result', message: /the plugin returned .*: return an? / },
  },
  {
    promise: 'makes an error of a handler that exits before it returned',
    name: 'exit',
    error: { code: 'early_exit', message: /before it/ },
  },
  {
    promise: 'refuses a host of another major version',
    name: 'object',
    request: { protocol: '99.0' },
    error: { code: 'unsupported_protocol', message: /1\.x.*99\.0/ },
  },
  {
    promise: 'refuses a request without a version',
    name: 'object',
    request: { protocol: undefined },
    error: { code: 'unsupported_protocol', message: /1\.x/ },
  },
  {
    promise: 'refuses a method it does not know',
    name: 'object',
    request: { method: 'dance' },
    error: { code: 'unsupported_method', message: /dance/ },
  },
  {
    promise: 'refuses a request without a context',
    name: 'object',
    request: { context: undefined },
    error: { code: 'invalid_request', message: /no context object/ },
  },
];

/** The request document of a case, as the host writes it. */
export function requestOf({ name, members, request }: SdkCase): string {
  return JSON.stringify({
    protocol: '1.0',
    method: 'run',
    invocation: {
      id: 'inv_01',
      nonce: 'n0nce',
      attempt: 2,
      idempotencyKey: 'key',
      deadline: '2026-11-22T12:00:30.000Z',
      timeoutMs: 30_000,
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    },
    context: {
      run: { id: 'run_01', pipeline: 'default', trigger: 'api' },
      hook: 'fetch',
      params: {},
      data: { case: name, ...members },
      results: {},
    },
    config: { limit: 3 },
    secrets: { TOKEN: 'hush' },
    ...request,
  });
}
