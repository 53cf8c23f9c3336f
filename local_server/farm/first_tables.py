"""The first tables: people, operations, purses and transfers; jobs, frames, attempts, events."""

LEDGER = """
CREATE TABLE account (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  level TEXT NOT NULL DEFAULT 'standard',
  created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE setting (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE operation (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  log TEXT NOT NULL CHECK (log IN ('treasury', 'device')),
  kind TEXT NOT NULL CHECK (kind IN ('mint', 'withdraw', 'lease', 'hold', 'settle', 'release',
                                     'unlease', 'refund', 'close', 'reclaim')),
  owner TEXT NOT NULL REFERENCES account(id),
  job TEXT,
  payload TEXT NOT NULL CHECK (json_valid(payload)),
  at_ms INTEGER NOT NULL,
  device TEXT,
  sealed_in TEXT
) STRICT;
CREATE INDEX operation_by_seal ON operation (sealed_in) WHERE sealed_in IS NOT NULL;
CREATE INDEX operation_by_job ON operation (job, seq) WHERE job IS NOT NULL;
CREATE INDEX operation_by_owner ON operation (owner, seq);
CREATE INDEX operation_unsealed ON operation (log, seq) WHERE sealed_in IS NULL;

CREATE TABLE taken_back (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  log TEXT NOT NULL,
  kind TEXT NOT NULL,
  owner TEXT NOT NULL,
  job TEXT,
  payload TEXT NOT NULL CHECK (json_valid(payload)),
  at_ms INTEGER NOT NULL,
  device TEXT,
  reason TEXT NOT NULL,
  taken_at_ms INTEGER NOT NULL,
  outcome TEXT CHECK (outcome IN ('again', 'dropped', 'void', 'sealed'))
) STRICT;
CREATE UNIQUE INDEX taken_back_open ON taken_back (id) WHERE outcome IS NULL;

CREATE TABLE purse (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('world', 'pool', 'available', 'held', 'spent')),
  owner TEXT REFERENCES account(id),
  device TEXT,
  balance_micros INTEGER NOT NULL DEFAULT 0,
  -- A refund may be heard of before the charge it gives back: `spent` alone may owe for a while.
  CHECK (kind IN ('world', 'spent') OR balance_micros >= 0),
  CHECK (kind <> 'world' OR balance_micros <= 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX purse_by_owner ON purse (owner, kind) WHERE balance_micros <> 0;

CREATE TABLE transfer (
  id TEXT PRIMARY KEY REFERENCES operation(id) DEFERRABLE INITIALLY DEFERRED,
  debit TEXT NOT NULL REFERENCES purse(id),
  credit TEXT NOT NULL REFERENCES purse(id),
  amount_micros INTEGER NOT NULL CHECK (amount_micros >= 0),
  code TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  CHECK (debit <> credit)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER transfer_moves_money AFTER INSERT ON transfer BEGIN
  UPDATE purse SET balance_micros = balance_micros - NEW.amount_micros WHERE id = NEW.debit;
  UPDATE purse SET balance_micros = balance_micros + NEW.amount_micros WHERE id = NEW.credit;
END;
CREATE TRIGGER transfer_never_replaced BEFORE INSERT ON transfer
WHEN EXISTS (SELECT 1 FROM transfer WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a transfer is never replaced'); END;
CREATE TRIGGER transfer_never_changes BEFORE UPDATE ON transfer BEGIN
  SELECT RAISE(ABORT, 'a transfer never changes'); END;
CREATE TRIGGER transfer_never_goes BEFORE DELETE ON transfer
WHEN NOT EXISTS (SELECT 1 FROM taken_back WHERE id = OLD.id AND outcome IS NULL)
BEGIN SELECT RAISE(ABORT, 'a transfer is never deleted'); END;
CREATE TRIGGER transfer_moves_back AFTER DELETE ON transfer BEGIN
  UPDATE purse SET balance_micros = balance_micros - OLD.amount_micros WHERE id = OLD.credit;
  UPDATE purse SET balance_micros = balance_micros + OLD.amount_micros WHERE id = OLD.debit;
END;
CREATE TRIGGER operation_never_replaced BEFORE INSERT ON operation
WHEN EXISTS (SELECT 1 FROM operation WHERE id = NEW.id OR seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'an operation is never replaced'); END;
CREATE TRIGGER operation_never_changes BEFORE UPDATE ON operation
WHEN OLD.sealed_in IS NOT NULL OR NEW.sealed_in IS NULL
  OR (NEW.seq, NEW.id, NEW.log, NEW.kind, NEW.owner, NEW.payload, NEW.at_ms)
     IS NOT (OLD.seq, OLD.id, OLD.log, OLD.kind, OLD.owner, OLD.payload, OLD.at_ms)
  OR NEW.job IS NOT OLD.job OR NEW.device IS NOT OLD.device
BEGIN SELECT RAISE(ABORT, 'an operation only ever gets sealed'); END;
CREATE TRIGGER operation_never_goes BEFORE DELETE ON operation
WHEN NOT EXISTS (SELECT 1 FROM taken_back WHERE id = OLD.id AND outcome IS NULL)
BEGIN SELECT RAISE(ABORT, 'an operation is never deleted'); END;
"""

JOBS = """
CREATE TABLE job (
  serial INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL REFERENCES account(id),
  name TEXT NOT NULL,
  request TEXT NOT NULL CHECK (json_valid(request)),
  priority INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'queued', 'running', 'paused',
                                       'completed', 'partial', 'failed', 'cancelled')),
  reason TEXT NOT NULL,
  reason_params TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(reason_params)),
  run INTEGER NOT NULL DEFAULT 1,
  plan TEXT CHECK (plan IS NULL OR json_valid(plan)),
  findings TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(findings)),
  estimate TEXT CHECK (estimate IS NULL OR json_valid(estimate)),
  scene_key TEXT,
  frames_total INTEGER NOT NULL DEFAULT 0,
  frames_waiting INTEGER NOT NULL DEFAULT 0 CHECK (frames_waiting >= 0),
  frames_rendering INTEGER NOT NULL DEFAULT 0 CHECK (frames_rendering >= 0),
  frames_done INTEGER NOT NULL DEFAULT 0 CHECK (frames_done >= 0),
  frames_failed INTEGER NOT NULL DEFAULT 0 CHECK (frames_failed >= 0),
  frames_cancelled INTEGER NOT NULL DEFAULT 0 CHECK (frames_cancelled >= 0),
  frames_reused INTEGER NOT NULL DEFAULT 0,
  held_micros INTEGER NOT NULL DEFAULT 0,
  cost_micros INTEGER NOT NULL DEFAULT 0,
  render_ms INTEGER NOT NULL DEFAULT 0,
  created_at_ms INTEGER NOT NULL,
  started_at_ms INTEGER,
  finished_at_ms INTEGER,
  deleted_at_ms INTEGER
) STRICT;
CREATE INDEX job_by_state ON job (state, serial);
CREATE INDEX job_by_owner ON job (owner, serial) WHERE deleted_at_ms IS NULL;
CREATE INDEX job_open ON job (plan ->> 'renderer', priority DESC, serial)
  WHERE state IN ('queued', 'running');
CREATE INDEX job_pending ON job (serial) WHERE state = 'pending';
CREATE INDEX job_by_scene ON job (scene_key, serial) WHERE scene_key IS NOT NULL;

CREATE TABLE frame (
  job TEXT NOT NULL REFERENCES job(id),
  number INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'rendering', 'done', 'failed', 'cancelled')),
  attempt INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  losses INTEGER NOT NULL DEFAULT 0,
  handed_at_ms INTEGER,
  node TEXT,
  lease_until_ms INTEGER,
  reason TEXT,
  words TEXT,
  result TEXT CHECK (result IS NULL OR json_valid(result)),
  reused INTEGER NOT NULL DEFAULT 0 CHECK (reused IN (0, 1)),
  amount_micros INTEGER,
  delivered INTEGER NOT NULL DEFAULT 0 CHECK (delivered IN (0, 1)),
  changed_at_ms INTEGER NOT NULL,
  PRIMARY KEY (job, number),
  CHECK ((state = 'done') = (result IS NOT NULL)),
  CHECK ((state = 'rendering') = (lease_until_ms IS NOT NULL)),
  CHECK (handed_at_ms IS NULL OR state IN ('waiting', 'rendering'))
) STRICT, WITHOUT ROWID;
CREATE INDEX frame_to_hand ON frame (job, number) WHERE state = 'waiting' AND handed_at_ms IS NULL;
CREATE INDEX frame_handed ON frame (handed_at_ms)
  WHERE state = 'waiting' AND handed_at_ms IS NOT NULL;
CREATE INDEX frame_leased ON frame (lease_until_ms) WHERE lease_until_ms IS NOT NULL;
CREATE INDEX frame_undelivered ON frame (job, number) WHERE state = 'done' AND delivered = 0;
CREATE INDEX frame_failed ON frame (job, number) WHERE state = 'failed';

CREATE TABLE attempt (
  job TEXT NOT NULL,
  number INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  node TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  outcome TEXT CHECK (outcome IN ('done', 'failed', 'lost', 'stopped')),
  reason TEXT,
  words TEXT,
  PRIMARY KEY (job, number, attempt),
  FOREIGN KEY (job, number) REFERENCES frame (job, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE node (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  pid INTEGER NOT NULL,
  version TEXT NOT NULL,
  renderers TEXT NOT NULL CHECK (json_valid(renderers)),
  slots INTEGER NOT NULL,
  started_at_ms INTEGER NOT NULL,
  seen_at_ms INTEGER NOT NULL,
  gone_at_ms INTEGER
) STRICT;

CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  owner TEXT NOT NULL,
  job TEXT,
  frame INTEGER,
  data TEXT NOT NULL CHECK (json_valid(data))
) STRICT;
CREATE INDEX event_by_job ON event (job, id) WHERE job IS NOT NULL;
"""
