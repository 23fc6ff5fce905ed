// Every branch of the codec and of the session of protocol `stream` is run by the tests of the protocol, which are loaded here a second time
// and counted.
import { readdirSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { BranchCoverage } from '../support/coverage/branch-coverage.ts';

const FOLDER = 'src/protocol/stream';
/** Of types alone: nothing of it is ever loaded. */
const TYPES = 'session-events.ts';
const FILES = readdirSync(FOLDER).filter((file) => file !== TYPES);

const coverage = await BranchCoverage.start();
await import('../protocol/stream/conversations.test.ts');
await import('../protocol/stream/documented-bytes.test.ts');
await import('../protocol/stream/vectors.test.ts');
await import('../unit/protocol/stream/encode-message.test.ts');
await import('../unit/protocol/stream/line-decoder.test.ts');
await import('../unit/protocol/stream/session-asked.test.ts');
await import('../unit/protocol/stream/session-ends.test.ts');
await import('../unit/protocol/stream/session-matrix.test.ts');
await import('../unit/protocol/stream/session-runs.test.ts');
await import('../unit/protocol/stream/session-unasked.test.ts');

afterAll(async () => {
  await coverage.stop();
});

test('no branch of them is left out', async () => {
  expect(FILES.length).toBeGreaterThan(10);
  expect(await coverage.uncovered(FILES.map((file) => `${FOLDER}/${file}`))).toEqual([]);
});
