// The tables and indexes of the embedded store, as a list of migrations: entry N leads from schema version N to N + 1.
// Columns bear the names of the record's fields; times are REAL, so that a fraction of a millisecond is no error. Counts of runs are kept by triggers, so that no page ever counts history.
import { VERSION_1 } from './first-schema.ts';

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

/** Runs that hooks of other runs started, until they end. */
const VERSION_15 = `
CREATE INDEX runs_open_children ON runs (id) WHERE "trigger" = 'run' AND finishedAtMs IS NULL;
`;

/** How often runs were taken over. */
const VERSION_16 = `ALTER TABLE runs ADD COLUMN losses INTEGER NOT NULL DEFAULT 0;`;

/** What was decided about hooks of runs that were at work. */
const VERSION_17 = `ALTER TABLE runs ADD COLUMN decisions TEXT NOT NULL DEFAULT '[]';`;

export const MIGRATIONS: readonly string[] = [
  ...[VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5, VERSION_6, VERSION_7, VERSION_8],
  ...[VERSION_9, VERSION_10, VERSION_11, VERSION_12, VERSION_13, VERSION_14, VERSION_15, VERSION_16],
  VERSION_17,
];

/** The schema version that this release writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;
