// The thread that beats, on a real server: it beats by itself, stops when the main loop does not pulse it, and is gone when it is told to end.
import { describe, expect, test } from 'vitest';
import { mongoBeats } from '../../../src/adapters/mongo/mongo-beats.ts';
import { MongoStore } from '../../../src/adapters/mongo/mongo-store.ts';
import { hasFerretdb, startFerretdb } from '../../support/ferretdb/start-ferretdb.ts';
import { waitFor } from '../../support/gantry/api.ts';
import { freshName, newWorkerId, patient, testClock } from '../../support/store/build-records.ts';

const silent = { events: { emit: () => undefined }, logger: { log: () => undefined } };

describe.skipIf(!hasFerretdb())('the thread of the heartbeat (not run without the stand-in)', () => {
  test('beats as long as it is pulsed, with the clock of the server', { timeout: 600_000 }, async () => {
    await using server = await startFerretdb();
    const database = freshName('beats');
    await using store = new MongoStore({ uri: server.uri, database, clock: testClock, ...silent });
    await store.open(patient());
    const workerId = newWorkerId();
    const settings = { workerId, startedAtMs: 7, intervalMs: 20, stallMs: 60_000 };
    {
      await using thread = mongoBeats(server.uri, database, silent.logger)(settings);
      await waitFor(() => thread.ackAgeMs() !== null, 'the first beat');
      const [first] = await store.listWorkers(patient());
      expect(first).toMatchObject({ id: workerId, startedAtMs: 7 });
      await waitFor(async () => {
        const [later] = await store.listWorkers(patient());
        return (later?.beatAtMs ?? 0) > (first?.beatAtMs ?? 0) + 1_000;
      }, 'beats that nobody here sends');
    }
  });

  test('sends nothing when the main loop has stalled, and goes on when it does', { timeout: 600_000 }, async () => {
    await using server = await startFerretdb();
    const settings = { workerId: newWorkerId(), startedAtMs: 7, intervalMs: 20, stallMs: 300 };
    await using thread = mongoBeats(server.uri, freshName('stalled'), silent.logger)(settings);
    const isHeard = (): boolean => {
      thread.pulse();
      return thread.ackAgeMs() !== null;
    };
    await waitFor(isHeard, 'the first beat');
    // Nobody pulses: the latest acknowledged beat grows old, however long that takes to begin.
    await waitFor(() => (thread.ackAgeMs() ?? 0) > 2_000, 'the beats to stop');
    thread.pulse();
    await waitFor(() => {
      thread.pulse();
      return (thread.ackAgeMs() ?? Infinity) < 1_500;
    }, 'the beats to go on');
  });
});
