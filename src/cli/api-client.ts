// The HTTP API from the side of the CLI: one method per need, problems turned back into GantryErrors.
import { isErrorCode } from '../core/errors/error-table.ts';
import { GantryError, messageOf } from '../core/errors/gantry-error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts';
import type { Problem } from '../core/plugin.ts';

const ANSWER_MS = 60_000;
const DOWNLOAD_MS = 600_000;

export interface ApiRequest {
  readonly method?: 'GET' | 'POST';
  readonly body?: JsonValue;
  readonly headers?: Readonly<Record<string, string>>;
  /** how long the answer may take; a minute unless said otherwise */
  readonly timeoutMs?: number;
}

export class ApiClient {
  readonly url: string;
  readonly #stop: AbortSignal;

  constructor(url: string, stop: AbortSignal) {
    this.url = url.replace(/\/$/, '');
    this.#stop = stop;
  }

  /**
   * One request under /api/v1. The signal `stop` of the command does not abort it when `isFinal`: a cancel must get through.
   * @throws GantryError with the code of the problem document; DEFECT for an answer that is none of ours
   */
  async send(path: string, request: ApiRequest = {}, isFinal = false): Promise<JsonValue> {
    const bytes = await this.#fetch(path, request, isFinal);
    return readJson(new TextDecoder().decode(bytes), this.url);
  }

  /** The bytes at a path, as they stand. @throws as `send` */
  async download(path: string): Promise<Uint8Array> {
    return await this.#fetch(path, { timeoutMs: DOWNLOAD_MS }, false);
  }

  async #fetch(path: string, request: ApiRequest, isFinal: boolean): Promise<Uint8Array> {
    const deadline = AbortSignal.timeout(request.timeoutMs ?? ANSWER_MS);
    const signal = isFinal ? deadline : AbortSignal.any([deadline, this.#stop]);
    try {
      const response = await fetch(`${this.url}/api/v1${path}`, { ...initOf(request), signal, redirect: 'error' });
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (response.ok) return bytes;
      throw problemError(response.status, new TextDecoder().decode(bytes), this.url);
    } catch (error) {
      if (error instanceof GantryError) throw error;
      if (this.#stop.aborted) throw new GantryError('CANCELLED', 'stopped by a signal', { cause: error });
      throw new GantryError('NOT_FOUND', `the server at ${this.url} does not answer: ${causeOf(error)}`, {
        cause: error,
      });
    }
  }
}

function initOf({ method = 'GET', body, headers = {} }: ApiRequest): RequestInit {
  // The command line names itself in all that it asks, so that the records say who it was.
  const accept = { accept: 'application/json', 'gantry-trigger': 'cli', ...headers };
  if (body === undefined) return { method, headers: accept };
  return { method, headers: { ...accept, 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function causeOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? messageOf(error.cause) : messageOf(error);
}

function readJson(text: string, url: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    throw new GantryError('DEFECT', `${url} gave no JSON`, { cause: error });
  }
}

function problemError(status: number, body: string, url: string): GantryError {
  let problem: JsonValue = null;
  try {
    problem = JSON.parse(body) as JsonValue;
  } catch {
    // not ours: told below
  }
  if (!isJsonObject(problem))
    return new GantryError('DEFECT', `${url} answered ${String(status)} without a problem document`);
  const code = text(problem['code']) ?? '';
  const detail = typeof problem['detail'] === 'string' ? problem['detail'] : `HTTP ${String(status)}`;
  return new GantryError(isErrorCode(code) ? code : 'DEFECT', detail, { problems: problemsOf(problem) });
}

function problemsOf(problem: JsonObject): Problem[] {
  const errors = problem['errors'];
  if (!Array.isArray(errors)) return [];
  return errors.filter(isJsonObject).map((entry) => ({
    code: text(entry['code']) ?? text(problem['code']) ?? '',
    message: text(entry['message']) ?? '',
    file: text(entry['at']) ?? '',
    line: typeof entry['line'] === 'number' ? entry['line'] : null,
    column: typeof entry['column'] === 'number' ? entry['column'] : null,
  }));
}

function text(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
