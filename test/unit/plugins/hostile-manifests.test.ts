// Whatever bytes a manifest consists of, reading it gives a plugin or problems with a place, never an exception.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isErrorCode } from '../../../src/core/errors/error-table.ts';
import { readManifest } from '../../../src/plugins/manifest/read-manifest.ts';
import { manifestText } from '../../support/plugins/make-version.ts';

const GOOD = manifestText('limits: {memory: 64Mi}\npool: {max: 2}\nconfig: {schema: {type: object}}\nsecrets: [A_B]');

function isAnswered(bytes: Uint8Array): void {
  const result = readManifest(bytes, 'plugin.yaml');
  if ('plugin' in result) return;
  expect(result.problems.length).toBeGreaterThan(0);
  for (const { code, message, line, column } of result.problems) {
    expect(isErrorCode(code), code).toBe(true);
    expect(message).not.toBe('');
    expect(line).toBeGreaterThanOrEqual(1);
    expect(column).toBeGreaterThanOrEqual(1);
  }
}

it('answers any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      isAnswered(bytes);
    }),
    { seed: 1, numRuns: 300 },
  );
});

it('answers a good manifest with any piece exchanged', () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 12, unit: 'binary' }),
    fc.constantFrom('{', '[', '&a ', '*a', '<<: ', '? ', '|', '!!map ', '-\n', '"'),
  );
  fc.assert(
    fc.property(fc.nat(GOOD.length), fc.nat(12), piece, (at, length, text) => {
      isAnswered(new TextEncoder().encode(GOOD.slice(0, at) + text + GOOD.slice(at + length)));
    }),
    { seed: 1, numRuns: 500 },
  );
});

it('answers any value under any key', () => {
  const keys = fc.constantFrom(
    ...['name', 'hooks', 'limits', 'pool', 'config', 'network', 'secrets', 'entry', 'build', 'pipelines'],
  );
  fc.assert(
    fc.property(keys, fc.json({ maxDepth: 4 }), (key, value) => {
      isAnswered(new TextEncoder().encode(`${JSON.stringify(key)}: ${value}\n`));
    }),
    { seed: 1, numRuns: 500 },
  );
});
