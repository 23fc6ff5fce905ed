// Bytes as a hostile or merely broken plugin would send them, for property tests and the mutation fuzz.
import fc from 'fast-check';
import { bytesOf, failure, notification, result } from './stream-driver.ts';

export const SEED = 20_261_125;

const id = fc.oneof(fc.integer({ min: -1, max: 6 }), fc.constantFrom('2', 'x', null));
const nonce = fc.constantFrom('a', 'b', 'c');
const runId = fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined });

const message = fc.oneof(
  fc
    .tuple(id, fc.record({ nonce, data: fc.jsonValue({ maxDepth: 3 }) }))
    .map(([of, value]) => result(of, value as never)),
  fc.tuple(id, fc.jsonValue({ maxDepth: 2 })).map(([of, value]) => result(of, value as never)),
  fc.tuple(id, nonce).map(([of, value]) => failure(of, -32_000, 'no', { nonce: value })),
  fc
    .record({ id: runId, level: fc.constantFrom('info', 'loud'), message: fc.string() })
    .map((params) => notification('log', JSON.parse(JSON.stringify(params)) as never)),
  fc
    .record({ id: runId, done: fc.integer() })
    .map((params) => notification('progress', JSON.parse(JSON.stringify(params)) as never)),
  fc.constantFrom(notification('later', {}), { jsonrpc: '2.0', id: 1, method: 'state.get' }),
);

/** Lines that are mostly messages. */
export const mostlyMessages = fc
  .array(
    fc.oneof({ weight: 8, arbitrary: message }, { weight: 1, arbitrary: fc.constantFrom('', ' ', 'stray', '{', '[]') }),
    {
      maxLength: 8,
    },
  )
  .map((messages) => bytesOf(...messages));

/** Bytes out of the characters that JSON is made of, and some that it is not. */
export const noise = fc
  .array(fc.constantFrom(...Buffer.from('{}[]":,\\\n\n\n jsonrpc2.0idmethodnull17'), 0, 0xff, 0xc3, 0xbc), {
    maxLength: 80,
  })
  .map((bytes) => Uint8Array.from(bytes));

type Change = readonly ['flip' | 'insert' | 'delete' | 'double' | 'cut', number, number];

const changes: fc.Arbitrary<readonly Change[]> = fc.array(
  fc.tuple(
    fc.constantFrom('flip' as const, 'insert' as const, 'delete' as const, 'double' as const, 'cut' as const),
    fc.nat(),
    fc.nat(255),
  ),
  { minLength: 1, maxLength: 4 },
);

function changed(bytes: Uint8Array, [kind, at, byte]: Change): Uint8Array {
  const place = bytes.length === 0 ? 0 : at % bytes.length;
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
  switch (kind) {
    case 'flip':
      return Buffer.concat([before, Uint8Array.of(byte), after.subarray(1)]);
    case 'insert':
      return Buffer.concat([before, Uint8Array.of(byte), after]);
    case 'delete':
      return Buffer.concat([before, after.subarray(1 + (byte % 16))]);
    case 'double':
      return Buffer.concat([before, after.subarray(0, byte), after]);
    case 'cut':
      return before;
  }
}

/** Messages with some bytes changed, inserted, left out, doubled. */
export const mutated = fc.tuple(mostlyMessages, changes).map(([bytes, list]) => list.reduce(changed, bytes));

export const places = fc.array(fc.nat(400), { maxLength: 6 });
