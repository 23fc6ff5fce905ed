// The MongoDB stand-in must be what tests take it for: the official driver's server, alone, and gone when they are done.
import { existsSync } from 'node:fs';
import { MongoClient } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { hasFerretdb, startFerretdb } from '../../support/ferretdb/start-ferretdb.ts';

describe.skipIf(!hasFerretdb())('the MongoDB stand-in', () => {
  test('serves the official driver and starts empty', async () => {
    await using server = await startFerretdb();
    const client = new MongoClient(server.uri, { serverSelectionTimeoutMS: 60_000 });
    try {
      const notes = client.db('test').collection<{ _id: string; n: number }>('notes');
      expect(await notes.countDocuments()).toBe(0);
      await notes.insertOne({ _id: 'a', n: 1 });
      await notes.updateOne({ _id: 'a' }, { $inc: { n: 1 } });
      expect(await notes.findOne({ _id: 'a' })).toEqual({ _id: 'a', n: 2 });
    } finally {
      await client.close();
    }
  });

  test('has ended when it was disposed of', async () => {
    const server = await startFerretdb();
    expect(existsSync(`/proc/${server.pid}`)).toBe(true);
    await server[Symbol.asyncDispose]();
    expect(existsSync(`/proc/${server.pid}`)).toBe(false);
  });

  test('ends although it was killed before', async () => {
    const server = await startFerretdb();
    process.kill(server.pid, 'SIGKILL');
    await server[Symbol.asyncDispose]();
  });
});
