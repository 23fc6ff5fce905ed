// Tells sets of secrets apart without being one: the salt is this process's own and never leaves it, so a key that shows somewhere cannot be
// tried against guesses.
import { createHmac, randomBytes } from 'node:crypto';

const SALT = randomBytes(32);

/** The same for the same names and values in this process, else different; null when there are none. */
export function secretsKeyOf(secrets: ReadonlyMap<string, string>): string | null {
  if (secrets.size === 0) return null;
  const sorted = [...secrets].sort(([left], [right]) => (left < right ? -1 : 1));
  return createHmac('sha256', SALT).update(JSON.stringify(sorted)).digest('hex');
}
