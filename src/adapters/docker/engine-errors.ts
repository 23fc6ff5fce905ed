// Turns what dockerode rejects with into a GantryError. A refusal keeps its HTTP status, because some refusals are answers
// (404 of an inspect, 409 of a kill) and only the caller of that one request can tell.
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import { describeAddress, type EngineAddress } from './engine-address.ts';

/** The engine answered, with an error status. */
export class EngineRefusal extends GantryError {
  readonly status: number;
  /** the engine's own words */
  readonly reason: string;

  constructor(operation: string, status: number, reason: string, cause: unknown) {
    super('ENGINE_FAILED', `the Docker Engine refused "${operation}" (HTTP ${String(status)}): ${reason}`, { cause });
    this.status = status;
    this.reason = reason;
  }
}

/** The status of a refusal; null for every other error. */
export function refusalStatus(thrown: unknown): number | null {
  return thrown instanceof EngineRefusal ? thrown.status : null;
}

function mendOf(code: string | null, address: EngineAddress): string {
  const place = describeAddress(address);
  switch (code) {
    case 'ENOENT':
      return `nothing is at ${place}: start the Docker Engine, or set DOCKER_HOST to its socket`;
    case 'EACCES':
    case 'EPERM':
      return `${place} may not be opened: give this user access to the socket (usually the group "docker")`;
    case 'ECONNREFUSED':
      return `nothing listens at ${place}: start the Docker Engine, or set DOCKER_HOST to its socket`;
    default:
      return `the connection to ${place} broke`;
  }
}

/** An engine that cannot be reached, with the place and the mend. */
export function unavailable(thrown: unknown, address: EngineAddress): GantryError {
  if (thrown instanceof GantryError) return thrown;
  const code = thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : null;
  return new GantryError('DOCKER_UNAVAILABLE', `${mendOf(code, address)} (${messageOf(thrown).trim()})`, {
    cause: thrown,
  });
}

/** Any rejection of a request as a GantryError. */
export function toEngineError(thrown: unknown, operation: string, address: EngineAddress): GantryError {
  if (thrown instanceof GantryError) return thrown;
  if (thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number') {
    return new EngineRefusal(operation, thrown.statusCode, reasonOf(thrown), thrown);
  }
  return unavailable(thrown, address);
}

function reasonOf(refusal: Error): string {
  const body: unknown = 'json' in refusal ? refusal.json : null;
  if (typeof body === 'object' && body !== null && 'message' in body && typeof body.message === 'string') {
    return body.message.trim();
  }
  return refusal.message.replace(/^\(HTTP code \d+\) /, '').trim();
}

/** What an aborted request rejects with: the caller's own reason, except that a bare time-out gets its code. */
export function abortError(reason: unknown, operation: string): unknown {
  if (reason instanceof DOMException && reason.name === 'TimeoutError') {
    return new GantryError('ENGINE_TIMEOUT', `the Docker Engine did not answer "${operation}" in time`, {
      cause: reason,
    });
  }
  return reason;
}
