// The golden vectors of test/protocol/vectors as values; their README says what the members mean.
import { readdirSync, readFileSync } from 'node:fs';
import type { JsonObject, JsonValue } from '../../../src/core/json.ts';

const FOLDER = 'test/protocol/vectors/v1';

type Part = string | { readonly text: string; readonly times: number } | { readonly base64: string };

interface RawVector {
  readonly name: string;
  readonly bytes: string | readonly Part[];
  readonly messages?: readonly JsonValue[];
  readonly count?: number;
  readonly violation?: string;
  readonly hint?: string;
  readonly end?: string;
}

export interface Vector extends Omit<RawVector, 'bytes'> {
  readonly bytes: Uint8Array;
}

export type Step =
  | { readonly do: 'start' | 'close' }
  | { readonly do: 'run'; readonly nonce: string }
  | { readonly do: 'cancel'; readonly id: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'end'; readonly exitCode?: number }
  | { readonly do: 'answer'; readonly key: number | string; readonly result: JsonValue }
  | { readonly do: 'refuse'; readonly key: number | string; readonly reason: 'CONFLICT' | 'UNAVAILABLE' }
  | { readonly host: readonly JsonObject[] }
  | { readonly plugin: readonly (JsonObject | string)[] }
  | { readonly events: readonly JsonObject[] };

export interface Conversation {
  readonly name: string;
  readonly concurrency?: number;
  readonly services?: readonly string[];
  readonly steps: readonly Step[];
}

export function readVectors(): readonly Vector[] {
  return ['framing', 'messages', 'violations'].flatMap((file) => {
    const raw = JSON.parse(readFileSync(`${FOLDER}/${file}.json`, 'utf8')) as readonly RawVector[];
    return raw.map((vector) => ({ ...vector, bytes: written(vector.bytes) }));
  });
}

export function readConversations(): readonly Conversation[] {
  return readdirSync(`${FOLDER}/conversations`).map(
    (file) => JSON.parse(readFileSync(`${FOLDER}/conversations/${file}`, 'utf8')) as Conversation,
  );
}

function written(bytes: RawVector['bytes']): Uint8Array {
  if (typeof bytes === 'string') return Buffer.from(bytes);
  return Buffer.concat(
    bytes.map((part) => {
      if (typeof part === 'string') return Buffer.from(part);
      return 'base64' in part ? Buffer.from(part.base64, 'base64') : Buffer.from(part.text.repeat(part.times));
    }),
  );
}
