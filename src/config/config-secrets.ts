// Secrets from the environment (GANTRY_SECRET_<NAME>) or from one file per secret. Values never leave through an error or a log.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GantryError } from '../core/errors/gantry-error.ts';
import type { Secrets } from '../core/ports/secrets.ts';
import type { Environment } from './read-environment.ts';

/** Below this a value would be redacted out of harmless text. */
const LENGTH_MIN = 8;
const BYTES_MAX = 64 * 1024;

export class ConfigSecrets implements Secrets {
  readonly #folder: string;
  readonly #environment: Environment;

  constructor(folder: string, environment: Environment) {
    this.#folder = folder;
    this.#environment = environment;
  }

  async read(
    names: readonly string[],
    options: { readonly signal: AbortSignal },
  ): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    const missing: string[] = [];
    for (const name of names) {
      const value = this.#environment[`GANTRY_SECRET_${name}`] ?? (await this.#fromFile(name, options.signal));
      if (value === null) missing.push(name);
      else if (value.length < LENGTH_MIN)
        throw new GantryError('SECRET_INVALID', `the secret ${name} has fewer than ${String(LENGTH_MIN)} characters`);
      else found.set(name, value);
    }
    if (missing.length > 0)
      throw new GantryError('SECRET_MISSING', `no value for ${missing.join(', ')} (environment or secrets folder)`);
    return found;
  }

  async #fromFile(name: string, signal: AbortSignal): Promise<string | null> {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)) return null;
    try {
      const text = await readFile(join(this.#folder, name), { encoding: 'utf8', signal });
      return text.length > BYTES_MAX ? null : text.replace(/\r?\n$/, '');
    } catch (error) {
      signal.throwIfAborted();
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw new GantryError('SECRET_MISSING', `the file of the secret ${name} cannot be read`, { cause: error });
    }
  }
}
