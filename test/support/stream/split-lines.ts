// Splits bytes into lines in the plainest way, as the reference for the decoder.

export interface Lines {
  /** each with its line feed */
  readonly whole: readonly Uint8Array[];
  readonly rest: Uint8Array;
}

export function arrayOfLines(bytes: Uint8Array): Lines {
  const whole: Uint8Array[] = [];
  let start = 0;
  for (const [index, byte] of bytes.entries()) {
    if (byte !== 10) continue;
    whole.push(bytes.subarray(start, index + 1));
    start = index + 1;
  }
  return { whole, rest: bytes.subarray(start) };
}
