// --input: a JSON file, or standard input for `-`, checked as strictly as the API checks a body.
import { readFile } from 'node:fs/promises';
import { GantryError, messageOf } from '../core/errors/gantry-error.ts';
import type { JsonValue } from '../core/json.ts';
import { parseStrictJson } from '../core/strict-json.ts';

/** @throws GantryError INPUT_INVALID naming the file and the cause */
export async function readInput(file: string): Promise<JsonValue> {
  let bytes: Uint8Array;
  try {
    bytes = file === '-' ? await readStandardInput() : await readFile(file);
  } catch (error) {
    throw new GantryError('INPUT_INVALID', `--input ${file}: ${messageOf(error)}`, { cause: error });
  }
  const parsed = parseStrictJson(bytes);
  if (!parsed.ok) throw new GantryError('INPUT_INVALID', `--input ${file}: ${parsed.message}`);
  return parsed.value;
}

async function readStandardInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
