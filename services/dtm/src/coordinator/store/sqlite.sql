-- What changes while a transaction runs.
CREATE TABLE IF NOT EXISTS trans (
  id INTEGER PRIMARY KEY,
  gid TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL,
  reason TEXT NOT NULL,
  steps TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  update_time INTEGER NOT NULL,
  finish_time INTEGER NOT NULL,
  -- When it is looked at again; NULL when it has ended.
  next_at INTEGER,
  -- Who has it in hand; empty if nobody.
  owner TEXT NOT NULL
);
-- Holds the unfinished only, so that history costs nothing.
CREATE INDEX IF NOT EXISTS trans_due ON trans (next_at) WHERE next_at IS NOT NULL;
-- What never changes.
CREATE TABLE IF NOT EXISTS trans_plan (
  id INTEGER PRIMARY KEY,
  plan TEXT NOT NULL,
  payloads BLOB NOT NULL
);
