// The text of merged data is made of texts only where that says what writing the data anew would say.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyJson, type JsonObject, type JsonValue } from '../../../src/core/json.ts';
import { mergedJson } from '../../../src/pipeline/graph/merged-json.ts';
import { applyPatches } from '../../../src/pipeline/graph/merge-results.ts';

function merged(data: JsonValue, patches: readonly JsonValue[]): string | undefined {
  const flow = { data, results: {}, dataJson: JSON.stringify(data) };
  return mergedJson(
    flow,
    patches.map((patch) => ({ data: patch, json: JSON.stringify(patch) })),
  );
}

const key = fc.constantFrom('a', 'b', 'c', '1', 'toString', 'null');
const object = fc.dictionary(key, fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.dictionary(key, fc.integer())));

test('it is what the merged data is, or nothing', () => {
  fc.assert(
    fc.property(
      fc.oneof(object, fc.jsonValue()),
      fc.array(fc.oneof(object, fc.jsonValue()), { maxLength: 2 }),
      (one, two) => {
        fc.pre(!JSON.stringify([one, two]).includes('__proto__'));
        const data = copyJson(one as JsonValue);
        const patches = two.map((patch) => copyJson(patch as JsonValue));
        const text = merged(data, patches);
        if (text !== undefined)
          expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(applyPatches(data, patches))));
      },
    ),
    { numRuns: 500 },
  );
});

test.each<[JsonObject, readonly JsonObject[], string | undefined]>([
  [{ a: 1 }, [], '{"a":1}'],
  [{ a: 1 }, [{}], '{"a":1}'],
  [{}, [{ a: 1 }], '{"a":1}'],
  [{ a: 1 }, [{ b: { c: 2 } }], '{"a":1,"b":{"c":2}}'],
  [{ a: 1 }, [{ a: 2 }], undefined],
  [{ a: 1 }, [{ b: { c: null } }], undefined],
  [{ a: 1 }, [{ b: 1 }, { c: 1 }], undefined],
])('of %j and %j it is %s', (data, patches, text) => {
  expect(merged(data, patches)).toBe(text);
});
