// Answers a plugin's requests for host services in a conversation, from a map: what a host would do with state.
import type { Conversation, Message } from './conversation.ts';

interface Entry {
  readonly value: unknown;
  readonly version: string;
}

type Params = Readonly<Record<string, unknown>>;

/** No part of what the SDKs send. */
const PIECE_BYTES = 100_000;

/** What stands under a key that nobody has set. */
const NOTHING = { value: null, version: null };

export class HostDesk {
  readonly files = new Map<string, Buffer>();
  readonly entries = new Map<string, Entry>();
  /** the next so many sets find that somebody else was faster */
  rivals = 0;
  readonly seen: Message[] = [];
  #versions = 0;

  /** Serves requests until the run is answered. @returns its result */
  async serve(host: Conversation, run: number): Promise<unknown> {
    for (;;) {
      const isRequest = (message: Message): boolean => message['method'] !== undefined && message['id'] !== undefined;
      const next = await host.next((message) => isRequest(message) || message['id'] === run);
      if (!isRequest(next)) return next['result'];
      this.seen.push(next);
      host.write(JSON.stringify({ jsonrpc: '2.0', id: next['id'], ...this.#answer(next) }));
    }
  }

  #answer({ method, params }: Message): object {
    const given = params as Params;
    const key = String(given['key']);
    switch (method) {
      case 'state.get':
        return { result: this.entries.get(key) ?? NOTHING };
      case 'state.set':
        return this.#set(key, given);
      case 'state.delete':
        return { result: { deleted: this.entries.delete(key) } };
      case 'state.list':
        return { result: { keys: [], next: null } };
      case 'artifact.put':
        return this.#put(given);
      case 'artifact.get':
        return this.#get(given);
      default:
        return refusal('METHOD_NOT_FOUND');
    }
  }

  #set(key: string, { value, ifVersion }: Params): object {
    if (this.rivals > 0) {
      this.rivals -= 1;
      this.#store(key, Number(this.entries.get(key)?.value ?? 0) + 10);
    }
    const standing = this.entries.get(key)?.version ?? null;
    if (ifVersion !== undefined && ifVersion !== standing) return refusal('CONFLICT');
    return { result: { version: this.#store(key, value) } };
  }

  #put({ name, chunk, last }: Params): object {
    const file = String(name);
    this.files.set(
      file,
      Buffer.concat([this.files.get(file) ?? Buffer.alloc(0), Buffer.from(String(chunk), 'base64')]),
    );
    const sizeBytes = this.files.get(file)?.length ?? 0;
    return { result: last === true ? { id: 'art_1', sizeBytes, sha256: 'ab' } : { sizeBytes } };
  }

  #get({ name, offset = 0 }: Params): object {
    const bytes = this.files.get(String(name));
    if (bytes === undefined) return refusal('NOT_FOUND');
    const piece = bytes.subarray(Number(offset), Number(offset) + PIECE_BYTES);
    const last = Number(offset) + piece.length >= bytes.length;
    return { result: { sizeBytes: bytes.length, chunk: piece.toString('base64'), last } };
  }

  #store(key: string, value: unknown): string {
    this.#versions += 1;
    const version = `v${String(this.#versions)}`;
    this.entries.set(key, { value, version });
    return version;
  }
}

/** Of a host that offers nothing. */
export function refusal(code: string): object {
  return { error: { code: -32000, message: 'refused', data: { code } } };
}
