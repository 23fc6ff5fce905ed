// The tables and indexes of the embedded store, as a list of migrations: entry N leads from schema version N to N + 1.
// Columns bear the names of the record's fields; times are REAL, so that a fraction of a millisecond is no error. Counts of runs are kept by triggers, so that no page ever counts history.

const VERSION_1 = `
CREATE TABLE runs (
  id TEXT PRIMARY KEY NOT NULL,
  pipeline TEXT NOT NULL,
  pipelineVersion TEXT NOT NULL,
  "trigger" TEXT NOT NULL,
  state TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  worker TEXT,
  part INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  readyAtMs REAL NOT NULL,
  createdAtMs REAL NOT NULL,
  startedAtMs REAL,
  finishedAtMs REAL,
  deadlineAtMs REAL,
  cancelRequestedAtMs REAL,
  params TEXT NOT NULL,
  idempotencyKey TEXT,
  requestHash TEXT NOT NULL,
  hooks TEXT NOT NULL,
  failure TEXT NOT NULL,
  warnings TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX runs_key ON runs (pipeline, idempotencyKey);
CREATE INDEX runs_queue ON runs (pipeline, priority DESC, id, readyAtMs) WHERE state = 'queued';
CREATE INDEX runs_state ON runs (state, id);
CREATE INDEX runs_pipeline ON runs (pipeline, id);
CREATE INDEX runs_pipeline_state ON runs (pipeline, state, id);

CREATE TABLE runCounts (
  state TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (state, pipeline)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER runs_inserted AFTER INSERT ON runs BEGIN
  INSERT INTO runCounts (state, pipeline, count) VALUES (new.state, new.pipeline, 1)
    ON CONFLICT (state, pipeline) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER runs_moved AFTER UPDATE OF state ON runs WHEN old.state <> new.state BEGIN
  UPDATE runCounts SET count = count - 1 WHERE state = old.state AND pipeline = old.pipeline;
  INSERT INTO runCounts (state, pipeline, count) VALUES (new.state, new.pipeline, 1)
    ON CONFLICT (state, pipeline) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER runs_deleted AFTER DELETE ON runs BEGIN
  UPDATE runCounts SET count = count - 1 WHERE state = old.state AND pipeline = old.pipeline;
END;

CREATE TABLE invocations (
  id TEXT PRIMARY KEY NOT NULL,
  runId TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  hook TEXT NOT NULL,
  hookIndex INTEGER NOT NULL,
  plugin TEXT NOT NULL,
  pluginVersion TEXT NOT NULL,
  "order" INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  state TEXT NOT NULL,
  outcome TEXT NOT NULL,
  warnings TEXT NOT NULL,
  sandboxId TEXT,
  sandboxKind TEXT,
  cleanliness TEXT,
  createdAtMs REAL NOT NULL,
  startedAtMs REAL,
  finishedAtMs REAL,
  phases TEXT NOT NULL,
  usage TEXT NOT NULL,
  resultPayload TEXT
) STRICT;
CREATE INDEX invocations_run ON invocations (runId, createdAtMs, id);

CREATE TABLE payloads (
  runId TEXT NOT NULL,
  name TEXT NOT NULL,
  hash TEXT NOT NULL,
  sizeBytes INTEGER NOT NULL,
  PRIMARY KEY (runId, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE payloadChunks (
  runId TEXT NOT NULL,
  name TEXT NOT NULL,
  seq INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (runId, name, seq)
) STRICT;

CREATE TABLE events (
  runId TEXT NOT NULL,
  seq INTEGER NOT NULL,
  atMs REAL NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (runId, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE logs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  runId TEXT,
  invocationId TEXT,
  pipeline TEXT,
  hook TEXT,
  plugin TEXT NOT NULL,
  level TEXT NOT NULL,
  message TEXT NOT NULL,
  atMs REAL NOT NULL
) STRICT;
CREATE INDEX logs_run ON logs (runId, seq);
CREATE INDEX logs_plugin ON logs (plugin, seq);

CREATE TABLE pluginVersions (
  id TEXT PRIMARY KEY NOT NULL,
  plugin TEXT NOT NULL,
  contentHash TEXT NOT NULL,
  imageId TEXT NOT NULL,
  imageTag TEXT NOT NULL,
  manifest TEXT NOT NULL,
  createdAtMs REAL NOT NULL
) STRICT;
CREATE INDEX pluginVersions_plugin ON pluginVersions (plugin, createdAtMs, id);

CREATE TABLE pipelineVersions (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  author TEXT NOT NULL,
  definition TEXT NOT NULL,
  createdAtMs REAL NOT NULL
) STRICT;
CREATE INDEX pipelineVersions_name ON pipelineVersions (name, seq);

CREATE TABLE workers (
  id TEXT PRIMARY KEY NOT NULL,
  startedAtMs REAL NOT NULL,
  beatAtMs REAL NOT NULL
) STRICT;
`;

const VERSION_2 = 'ALTER TABLE invocations ADD COLUMN transport TEXT';

/** Runs that were acknowledged before they were stored say so. */
const VERSION_3 = "ALTER TABLE runs ADD COLUMN durability TEXT NOT NULL DEFAULT 'stored';";

const VERSION_4 = 'ALTER TABLE invocations ADD COLUMN reported TEXT';

const VERSION_5 = `
ALTER TABLE pluginVersions ADD COLUMN lastUsedAtMs REAL;
ALTER TABLE pluginVersions ADD COLUMN imageRemovedAtMs REAL;
`;

const VERSION_6 = `
ALTER TABLE runs ADD COLUMN source TEXT;
ALTER TABLE runs ADD COLUMN lineage TEXT NOT NULL DEFAULT 'null';
ALTER TABLE runs ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE runs ADD COLUMN skipTags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE runs ADD COLUMN concurrencyKey TEXT;
`;

const VERSION_7 = `
ALTER TABLE invocations ADD COLUMN retryAtMs REAL;
CREATE INDEX runs_waiting ON runs (pipeline, readyAtMs, id) WHERE state = 'waiting';
`;

const VERSION_8 = `
CREATE TABLE schedules (
  id TEXT PRIMARY KEY NOT NULL,
  pipeline TEXT NOT NULL,
  name TEXT NOT NULL,
  timing TEXT NOT NULL,
  decidedAtMs REAL NOT NULL,
  nextAtMs REAL,
  startingAtMs REAL,
  startingBy TEXT,
  startingSinceMs REAL,
  lastTickAtMs REAL,
  lastRunId TEXT,
  pausedAtMs REAL,
  pausedBy TEXT,
  revision INTEGER NOT NULL
) STRICT;
`;

/** Places of concurrency keys; queued runs that wait for one leave the index that claims walk. */
const VERSION_9 = `
ALTER TABLE runs ADD COLUMN needsPlace TEXT NOT NULL DEFAULT 'false';
DROP INDEX runs_queue;
CREATE INDEX runs_queue ON runs (pipeline, priority DESC, id, readyAtMs)
  WHERE state = 'queued' AND needsPlace = 'false';
CREATE INDEX runs_wanting ON runs (pipeline, concurrencyKey, priority DESC, id)
  WHERE state = 'queued' AND needsPlace = 'true';
CREATE TABLE places (
  pipeline TEXT NOT NULL,
  concurrencyKey TEXT NOT NULL,
  runId TEXT NOT NULL,
  PRIMARY KEY (pipeline, concurrencyKey, runId)
) STRICT, WITHOUT ROWID;
`;

const VERSION_10 = `
ALTER TABLE runs ADD COLUMN verdict TEXT NOT NULL DEFAULT 'null';
ALTER TABLE invocations ADD COLUMN item INTEGER;
`;

/** Keys and values of plugins; the second index answers how much a plugin has without a look at the values. */
const VERSION_11 = `
CREATE TABLE pluginState (
  plugin TEXT NOT NULL,
  key TEXT NOT NULL,
  version TEXT NOT NULL,
  sizeBytes INTEGER NOT NULL,
  updatedAtMs REAL NOT NULL,
  json TEXT NOT NULL,
  PRIMARY KEY (plugin, key)
) STRICT;
CREATE INDEX pluginState_size ON pluginState (plugin, sizeBytes);
`;

/** Runs made from a run are found by it; one that is being removed is not found any more. */
const VERSION_12 = `
ALTER TABLE runs ADD COLUMN madeFrom TEXT GENERATED ALWAYS AS (json_extract(lineage, '$.runId')) VIRTUAL;
ALTER TABLE runs ADD COLUMN leaving INTEGER;
CREATE INDEX runs_made_from ON runs (madeFrom, id) WHERE madeFrom IS NOT NULL;
`;

/** What plugin versions say of themselves. */
const VERSION_13 = `ALTER TABLE pluginVersions ADD COLUMN said TEXT NOT NULL DEFAULT 'null';`;

/**
 * Less is touched for each state of a run: events that are written together are one row, small payloads stand in their head, runs without a
 * key are in no index of keys, and those of a pipeline are found state by state.
 */
const VERSION_14 = `
ALTER TABLE events ADD COLUMN count INTEGER NOT NULL DEFAULT 1;
ALTER TABLE events ADD COLUMN rest TEXT;
ALTER TABLE payloads ADD COLUMN bytes BLOB;
DROP INDEX runs_key;
CREATE UNIQUE INDEX runs_key ON runs (pipeline, idempotencyKey) WHERE idempotencyKey IS NOT NULL;
DROP INDEX runs_pipeline;
`;

export const MIGRATIONS: readonly string[] = [
  ...[VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5, VERSION_6, VERSION_7, VERSION_8],
  ...[VERSION_9, VERSION_10, VERSION_11, VERSION_12, VERSION_13, VERSION_14],
];

/** The schema version that this release writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;
