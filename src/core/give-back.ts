// Gives memory of long messages back by hand, as soon as nobody needs it. Left to the collector, tens of them wait for it at a time, and when it
// frees them, the C library keeps their room: 15 to 50 MB of a program that passes on contexts of 1 MB.

/** Bytes. Below, the collector is as good. */
export const LONG_BYTES = 64 * 1024;

/** Only bytes that are nobody else's: from now on they are none. What shares its memory with much else is left alone. */
export function giveBack({ buffer, length }: Uint8Array): void {
  if (length < LONG_BYTES || !(buffer instanceof ArrayBuffer) || buffer.byteLength > 2 * length) return;
  buffer.transfer(0);
}
