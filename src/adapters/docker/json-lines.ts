// Reads the engine's streams of JSON messages (events, build and pull progress), one per line, without ever holding more than one line.
import { GantryError } from '../../core/errors/gantry-error.ts';

const LINE_BYTES_MAX = 4 * 1024 * 1024;

/**
 * The messages of the stream, in order. An unfinished last line is read as a message, too.
 * @throws GantryError ENGINE_FAILED for a line that is no JSON or too long; and whatever the stream rejects with
 */
export async function* jsonLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<unknown, void, undefined> {
  let pieces: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const chunk of stream) {
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      pieces.push(chunk.subarray(from, at));
      yield* message(pieces);
      pieces = [];
      heldBytes = 0;
      from = at + 1;
    }
    pieces.push(chunk.subarray(from));
    heldBytes += chunk.length - from;
    if (heldBytes > LINE_BYTES_MAX) throw new GantryError('ENGINE_FAILED', 'the engine sent a line beyond all measure');
  }
  yield* message(pieces);
}

function* message(pieces: readonly Uint8Array[]): Generator<unknown, void, undefined> {
  const text = Buffer.concat(pieces).toString('utf8').trim();
  if (text === '') return;
  try {
    yield JSON.parse(text) as unknown;
  } catch (cause) {
    throw new GantryError('ENGINE_FAILED', `the engine sent a line that is no JSON: ${text.slice(0, 200)}`, { cause });
  }
}
