// Reads a request body up to its limit. Past it the rest is discarded, not cut off: a closed connection would take the refusal with it.
// How long a client may go on sending is bounded by the listener's request timeout.
import type { IncomingMessage } from 'node:http';
import { GantryError } from '../../core/errors/gantry-error.ts';

/** @throws GantryError BODY_TOO_LARGE */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > bytesMax) throw refuse(request, bytesMax);
  const body = Promise.withResolvers<Uint8Array>();
  const chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= bytesMax) chunks.push(chunk);
    else body.reject(refuse(request, bytesMax));
  });
  request.on('end', () => {
    body.resolve(Buffer.concat(chunks));
  });
  request.on('close', () => {
    if (request.complete) return;
    body.reject(new GantryError('JSON_INVALID', 'The request ended before its body was complete.'));
  });
  request.on('error', (error) => {
    body.reject(new GantryError('JSON_INVALID', 'The request broke off.', { cause: error }));
  });
  return await body.promise;
}

function refuse(request: IncomingMessage, bytesMax: number): GantryError {
  request.removeAllListeners('data');
  request.resume();
  return new GantryError('BODY_TOO_LARGE', `The body is larger than ${String(bytesMax)} bytes.`);
}
