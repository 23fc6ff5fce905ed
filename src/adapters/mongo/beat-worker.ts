// The thread that beats: its own connection, its own loop. It shares two times with the main loop: when that pulsed last, and when the latest
// beat was sent that the server acknowledged. A process that is stopped and goes on sends nothing before its main loop has pulsed again.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { MongoClient } from 'mongodb';
import { ACKNOWLEDGED, type BeatData, PULSED } from './mongo-beats.ts';
import { connectMongo } from './connect-mongo.ts';
import { beatOf } from './worker-beat.ts';

async function beatForEver(beats: BeatData, stop: AbortSignal): Promise<void> {
  const times = new BigInt64Array(beats.times);
  const stallNs = BigInt(Math.ceil(beats.stallMs * 1e6));
  let client: MongoClient | null = null;
  while (!stop.aborted) {
    const sentNs = process.hrtime.bigint();
    if (sentNs - Atomics.load(times, PULSED) <= stallNs) {
      try {
        client ??= (await connectMongo(beats.uri, { serverSelectionMs: beats.timeoutMs, socketMs: beats.timeoutMs }))
          .client;
        const workers = client.db(beats.database).collection<{ _id: string }>('workers');
        await workers.updateOne({ _id: beats.workerId }, beatOf(beats.startedAtMs), { upsert: true });
        Atomics.store(times, ACKNOWLEDGED, sentNs);
      } catch {
        // Nobody acknowledged it: the main loop sees that by the time.
      }
    }
    await sleep(beats.intervalMs, undefined, { signal: stop }).catch(() => undefined);
  }
  await client?.close();
}

if (parentPort !== null) {
  const stop = new AbortController();
  parentPort.once('message', () => {
    stop.abort();
  });
  await beatForEver(workerData as BeatData, stop.signal);
  parentPort.close();
}
