// Artifacts on MongoDB's protocol: equal bytes once, whatever comes between two commands, and wherever a program ends amid them. Runs on the
// stand-in, whose commands go one at a time, so that two rivals meet between any two of them; and on a real server where one is named.
import { randomBytes } from 'node:crypto';
import type { Db, MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectMongo } from '../../../src/adapters/mongo/connect-mongo.ts';
import { mongoArtifacts } from '../../../src/adapters/mongo/mongo-artifacts.ts';
import { MongoContents } from '../../../src/adapters/mongo/mongo-contents.ts';
import { INDEXES, prepareSchema } from '../../../src/adapters/mongo/mongo-schema.ts';
import { MongoWriter } from '../../../src/adapters/mongo/mongo-writer.ts';
import type { RunId } from '../../../src/core/ids.ts';
import type { ArtifactContent } from '../../../src/core/ports/artifact-content.ts';
import { hasFerretdb, startFerretdb } from '../../support/ferretdb/start-ferretdb.ts';
import { freshName, newRunId, patient, testClock } from '../../support/store/build-records.ts';
import { startCuttableProxy } from '../../support/store/cuttable-proxy.ts';
import { isServed, queryShapesOf, type QueryShape } from '../../support/store/query-shapes.ts';
import { artifactContract, keep, readAll, removeAll, sha256 } from './artifact-contract.ts';

const realUri = process.env['GANTRY_TEST_MONGODB'];
const TIMEOUTS = { serverSelectionMs: 60_000, socketMs: 60_000 };
const COLLECTIONS = ['artifactContents', 'artifactBlobs', 'artifactChunks', 'artifactHolders'];
const DAY_MS = 86_400_000;

/** A program that ends after so many commands: none after that reaches the server. */
class MortalWriter extends MongoWriter {
  #left: number;

  constructor(database: Db, commands: number) {
    super(database, false);
    this.#left = commands;
  }

  override collection(name: string): ReturnType<MongoWriter['collection']> {
    this.#left -= 1;
    if (this.#left < 0) throw new Error('killed');
    return super.collection(name);
  }
}

/** Before the command of that number, another program does something from its beginning to its end. */
class MeetingWriter extends MongoWriter {
  #left: number;
  hasMet = false;
  readonly #meet: () => Promise<unknown>;

  constructor(database: Db, at: number, meet: () => Promise<unknown>) {
    super(database, false);
    this.#left = at;
    this.#meet = meet;
  }

  override collection(name: string): ReturnType<MongoWriter['collection']> {
    const collection = super.collection(name);
    for (const command of ['findOne', 'insertMany', 'updateOne', 'replaceOne', 'deleteOne', 'deleteMany'] as const) {
      const inner = collection[command].bind(collection) as (...given: unknown[]) => Promise<unknown>;
      const outer = async (...given: unknown[]): Promise<unknown> => {
        this.#left -= 1;
        if (this.#left === 0) {
          this.hasMet = true;
          await this.#meet();
        }
        return await inner(...given);
      };
      Object.assign(collection, { [command]: outer });
    }
    return collection;
  }
}

describe.skipIf(!hasFerretdb() && realUri === undefined)('artifacts on a shared database', () => {
  const stack = new AsyncDisposableStack();
  let clients: MongoClient[];
  const name = freshName('artifacts');
  const shapes = new Map<string, QueryShape>();
  const onCommand = (message: Buffer): void => {
    for (const shape of queryShapesOf(message)) shapes.set(JSON.stringify(shape), shape);
  };

  const database = (of = 0): Db => {
    const client = clients[of];
    if (client === undefined) throw new Error('there is no such client');
    return client.db(name);
  };
  const over = (writer: () => MongoWriter): ArtifactContent =>
    mongoArtifacts((_operation, _key, _options, work) => work({ contents: new MongoContents(writer()) }), testClock);
  const whole = over(() => new MongoWriter(database(), false));

  /** Of all documents. */
  const counts = async (): Promise<readonly number[]> =>
    await Promise.all(COLLECTIONS.map((collection) => database().collection(collection).countDocuments()));

  beforeAll(async () => {
    const uri = realUri ?? stack.use(await startFerretdb()).uri;
    const through = realUri ?? stack.use(await startCuttableProxy(uri, { isSerial: true, onCommand })).uri;
    clients = await Promise.all([0, 1].map(async () => (await connectMongo(through, TIMEOUTS)).client));
    for (const client of clients) stack.defer(() => client.close());
    await prepareSchema(database());
  });
  afterAll(async () => {
    await database().dropDatabase();
    await stack.disposeAsync();
  });

  artifactContract(
    'documents',
    () => whole,
    () => over(() => new MongoWriter(database(1), false)),
  );

  it('are there once for equal bytes of many runs, also when they come at once, and go with the last', async () => {
    const before = await counts();
    const bytes = randomBytes(600_000);
    const runs = [newRunId(), newRunId(), newRunId()];
    const places = await Promise.all(runs.map((runId) => keep(whole, runId, bytes)));
    expect(places).toEqual(runs.map(() => sha256(bytes)));
    const added = (await counts()).map((count, index) => count - (before[index] ?? 0));
    expect(added).toEqual([1, 1, 3, 3]);
    for (const runId of runs) {
      expect((await readAll(whole, runId, sha256(bytes), 700_000)).equals(bytes)).toBe(true);
      await removeAll(whole, runId);
    }
    expect(await counts()).toEqual(before);
  });

  it('of a run with many go a bounded part at a time', async () => {
    const runId = newRunId();
    for (const text of ['one', 'two', 'three']) await keep(whole, runId, Buffer.from(text));
    const contents = new MongoContents(new MongoWriter(database(), false));
    expect(await contents.release(runId, 2, testClock.nowMs())).toBe(2);
    expect(await contents.release(runId, 2, testClock.nowMs())).toBe(1);
    expect(await whole.read({ runId, content: sha256(Buffer.from('one')) }, 0, 1, patient())).toBeNull();
  });

  /** The place as a writer sees it, with chunks so small that there are several. */
  const inChunks = (writer: MongoWriter): ArtifactContent =>
    mongoArtifacts((...[, , , work]) => work({ contents: new MongoContents(writer) }), testClock, 1_000);

  /** What a later sweep does; then nothing may be there that nobody has. */
  const tidy = (): Promise<void> => whole.tidy(testClock.nowMs() + 2 * DAY_MS, patient());

  const expectWhole = async (runId: RunId, bytes: Buffer): Promise<void> => {
    expect((await readAll(whole, runId, sha256(bytes), 2_000)).equals(bytes)).toBe(true);
  };

  const clear = async (): Promise<void> => {
    for (const collection of COLLECTIONS) await database().collection(collection).deleteMany({});
  };

  /** All runs lose what they have: nothing is left. */
  const expectGone = async (...runs: readonly RunId[]): Promise<void> => {
    for (const runId of runs) await removeAll(whole, runId);
    await tidy();
    expect(await counts()).toEqual(COLLECTIONS.map(() => 0));
  };

  type Work = (content: ArtifactContent, one: RunId, other: RunId, bytes: Buffer) => Promise<unknown>;
  const removesOne: Work = (content, one) => content.removeOfRun(one, patient());
  const removesOther: Work = (content, _, other) => content.removeOfRun(other, patient());
  const keepsOther: Work = (content, _, other, bytes) => keep(content, other, bytes);

  it.each([
    ['keeps them, another one having them', keepsOther, true, false],
    ['keeps them as the first', keepsOther, false, false],
    ['removes them, another one having them', removesOne, true, true],
    ['removes them as the last', removesOne, true, false],
  ])('are right wherever a program ends that %s', async (_, work, isOnes, isOthers) => {
    await clear();
    let isKilled = true;
    for (let commands = 0; isKilled; commands += 1) {
      const [one, other, bytes] = [newRunId(), newRunId(), randomBytes(1_500)];
      if (isOnes) await keep(whole, one, bytes);
      if (isOthers) await keep(whole, other, bytes);
      const mortal = inChunks(new MortalWriter(database(), commands));
      isKilled = await work(mortal, one, other, bytes).then(
        () => false,
        () => true,
      );
      await tidy();
      if (isOthers || (work === keepsOther && !isKilled)) await expectWhole(other, bytes);
      // Whatever was left, the next one succeeds.
      const next = newRunId();
      await keep(whole, next, bytes);
      await expectWhole(next, bytes);
      await expectGone(one, other, next);
    }
  });

  it.each([
    ['one removes them while another keeps them', removesOne, keepsOther, true],
    ['one keeps them while another removes them', keepsOther, removesOne, true],
    ['two remove them', removesOne, removesOther, false],
  ])('are right when %s, between any two commands', async (_, work, rival, isKept) => {
    await clear();
    let met: MeetingWriter | null = null;
    for (let at = 1; met === null || met.hasMet; at += 1) {
      const [one, other, bytes] = [newRunId(), newRunId(), randomBytes(1_500)];
      await keep(whole, one, bytes);
      if (!isKept) await keep(whole, other, bytes);
      met = new MeetingWriter(database(), at, () => rival(whole, one, other, bytes));
      await work(inChunks(met), one, other, bytes);
      if (!met.hasMet) await rival(whole, one, other, bytes);
      await tidy();
      if (isKept) await expectWhole(other, bytes);
      await expectGone(other);
    }
  });

  it('ask for nothing that no index serves', () => {
    const isOwn = ({ collection, filter }: QueryShape): boolean =>
      COLLECTIONS.includes(collection) && filter.length > 0;
    const own = [...shapes.values()].filter(isOwn);
    expect(own.length).toBeGreaterThan(realUri === undefined ? 5 : -1);
    expect(own.filter((shape) => !isServed(shape, INDEXES[shape.collection] ?? []))).toEqual([]);
  });
});
