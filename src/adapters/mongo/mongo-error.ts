// What a failure of the driver means: was the operation refused, did it surely not happen, or is its fate unknown?
import {
  MongoBulkWriteError,
  MongoNetworkTimeoutError,
  MongoServerError,
  MongoServerSelectionError,
  type WriteError,
} from 'mongodb';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';

const DUPLICATE_KEY = 11_000;

/** Server codes that mean "not now" rather than "not this": no primary, shutdown, lost hosts, write concern. */
const UNAVAILABLE_CODES: ReadonlySet<number> = new Set([
  6, 7, 64, 89, 91, 189, 262, 9001, 10_058, 10_107, 11_600, 11_602, 13_435, 13_436,
]);

function writeErrorsOf(thrown: MongoBulkWriteError): readonly WriteError[] {
  return [thrown.writeErrors].flat();
}

/** Indexes of the documents that stand already; null when the failure is of another kind. */
export function duplicatesOf(thrown: unknown): readonly number[] | null {
  if (!(thrown instanceof MongoBulkWriteError)) return null;
  const errors = writeErrorsOf(thrown);
  const areDuplicates = errors.length > 0 && errors.every(({ code }) => code === DUPLICATE_KEY);
  return areDuplicates ? errors.map(({ index }) => index) : null;
}

/** True when the server itself answered with a refusal: the write did not happen. */
export function isRefusal(thrown: unknown): boolean {
  if (thrown instanceof MongoBulkWriteError) return writeErrorsOf(thrown).length > 0;
  if (thrown instanceof MongoServerSelectionError) return true;
  return thrown instanceof MongoServerError && !UNAVAILABLE_CODES.has(Number(thrown.code));
}

export function mongoError(thrown: unknown): GantryError {
  if (thrown instanceof GantryError) return thrown;
  const message = `store: ${messageOf(thrown)}`;
  if (thrown instanceof MongoNetworkTimeoutError) return new GantryError('STORE_TIMEOUT', message, { cause: thrown });
  const isOurs = isRefusal(thrown) && !(thrown instanceof MongoServerSelectionError);
  return new GantryError(isOurs ? 'STORE_FAILED' : 'STORE_UNAVAILABLE', message, { cause: thrown });
}
