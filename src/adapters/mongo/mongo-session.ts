// An open connection with the parts of the store that use it; opened as a whole or not at all.
import type { MongoClient } from 'mongodb';
import { type MongoServer, type MongoTimeouts, connectMongo } from './connect-mongo.ts';
import type { KeyedQueue } from './keyed-queue.ts';
import { MongoCatalog } from './mongo-catalog.ts';
import { MongoChains } from './mongo-chains.ts';
import { MongoClaims } from './mongo-claims.ts';
import { MongoContents } from './mongo-contents.ts';
import { MongoHistory } from './mongo-history.ts';
import { MongoPlaces } from './mongo-places.ts';
import { MongoRuns } from './mongo-runs.ts';
import { MongoSchedules } from './mongo-schedules.ts';
import { MongoRetention } from './mongo-retention.ts';
import { prepareSchema } from './mongo-schema.ts';
import { MongoState } from './mongo-state.ts';
import { MongoWriter } from './mongo-writer.ts';

export interface MongoSession {
  readonly client: MongoClient;
  readonly server: MongoServer;
  readonly queue: KeyedQueue;
  readonly runs: MongoRuns;
  readonly claims: MongoClaims;
  readonly places: MongoPlaces;
  readonly history: MongoHistory;
  readonly catalog: MongoCatalog;
  readonly chains: MongoChains;
  readonly schedules: MongoSchedules;
  readonly state: MongoState;
  readonly retention: MongoRetention;
  readonly contents: MongoContents;
  /** Ends when what was begun has ended. */
  close(): Promise<void>;
}

/** @throws GantryError STORE_SCHEMA_NEWER; errors of the driver as they are */
export async function openSession(uri: string, name: string, timeouts: MongoTimeouts): Promise<MongoSession> {
  const { client, server } = await connectMongo(uri, timeouts);
  try {
    const database = client.db(name);
    await prepareSchema(database);
    const writer = new MongoWriter(database, server.kind === 'ferretdb');
    const runs = new MongoRuns(writer);
    const history = new MongoHistory(writer);
    return {
      client,
      server,
      queue: writer.queue,
      runs,
      claims: new MongoClaims(writer),
      places: new MongoPlaces(writer),
      history,
      chains: new MongoChains(runs, history),
      catalog: new MongoCatalog(writer),
      schedules: new MongoSchedules(writer),
      state: new MongoState(writer),
      retention: new MongoRetention(writer),
      contents: new MongoContents(writer),
      close: async () => {
        await writer.queue.drained();
        await client.close();
      },
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}
