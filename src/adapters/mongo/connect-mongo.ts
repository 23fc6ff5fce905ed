// Connects in two steps: what the server is (standalone, replica set, a wire-compatible one) decides how it may be talked to.
import { MongoClient, type MongoClientOptions } from 'mongodb';
import { wakeClosedWriters } from './wake-closed-writers.ts';

export interface MongoServer {
  readonly version: string;
  readonly kind: 'standalone' | 'replicaSet' | 'sharded' | 'ferretdb';
}

export interface MongoTimeouts {
  /** to find a usable server */
  readonly serverSelectionMs: number;
  /** of silence on a connection with an operation under way */
  readonly socketMs: number;
}

function clientOptions(timeouts: MongoTimeouts, isRetrying: boolean): MongoClientOptions {
  return {
    appName: 'gantry',
    retryWrites: isRetrying,
    serverSelectionTimeoutMS: timeouts.serverSelectionMs,
    connectTimeoutMS: timeouts.serverSelectionMs,
    waitQueueTimeoutMS: timeouts.socketMs,
    socketTimeoutMS: timeouts.socketMs,
    maxPoolSize: 16,
    writeConcern: { w: 'majority', journal: true },
    readPreference: 'primary',
  };
}

async function inspect(client: MongoClient): Promise<MongoServer> {
  const admin = client.db('admin');
  const hello = await admin.command({ hello: 1 });
  const build = await admin.command({ buildInfo: 1 });
  const version = String(build['version']);
  if (build['ferretdbVersion'] !== undefined) return { version, kind: 'ferretdb' };
  if (hello['msg'] === 'isdbgrid') return { version, kind: 'sharded' };
  return { version, kind: hello['setName'] === undefined ? 'standalone' : 'replicaSet' };
}

/** @throws errors of the driver as they are */
export async function connectMongo(
  uri: string,
  timeouts: MongoTimeouts,
): Promise<{ readonly client: MongoClient; readonly server: MongoServer }> {
  const probe = openClient(uri, timeouts, false);
  let server: MongoServer;
  try {
    server = await inspect(probe);
  } catch (error) {
    await probe.close();
    throw error;
  }
  if (server.kind === 'standalone' || server.kind === 'ferretdb') return { client: probe, server };
  await probe.close();
  return { client: openClient(uri, timeouts, true), server };
}

function openClient(uri: string, timeouts: MongoTimeouts, isRetrying: boolean): MongoClient {
  const client = new MongoClient(uri, clientOptions(timeouts, isRetrying));
  wakeClosedWriters(client);
  return client;
}

/** What `doctor` says about a server of this kind. */
export function warningsOf(server: MongoServer): readonly string[] {
  switch (server.kind) {
    case 'standalone':
      return ['a standalone MongoDB: a cut connection is never retried; retryable writes need a replica set'];
    case 'ferretdb':
      return ['FerretDB: its updates are not atomic between processes; use it with one process only, for tests'];
    case 'replicaSet':
    case 'sharded':
      return [];
  }
}
