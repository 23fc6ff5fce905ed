// Schema version 1 of the embedded store, from which all migrations lead on. It never changes.

export const VERSION_1 = `
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
