"""The tables of reconciling: the studio's logs as they were read, and how far they are folded."""

LOGS = """
CREATE TABLE log_object (
  log TEXT NOT NULL,
  seq INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (log, seq)
) STRICT;

CREATE TABLE log_draft (
  log TEXT PRIMARY KEY,
  seq INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

CREATE TABLE log_id (
  book TEXT NOT NULL,
  id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (book, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE fold_state (
  name TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (json_valid(state))
) STRICT, WITHOUT ROWID;
"""

# The other half of `usage_counts_operations`: what is taken back was not used.
USAGE_BACK = """
CREATE TRIGGER usage_takes_back AFTER DELETE ON operation
WHEN OLD.kind IN ('settle', 'refund')
BEGIN
  UPDATE usage SET
    frames = frames - (OLD.kind = 'settle'),
    render_ms = render_ms - coalesce(OLD.payload ->> 'render_ms', 0),
    core_ms = core_ms - coalesce((OLD.payload ->> 'render_ms') * (OLD.payload ->> 'cores'), 0),
    spent_micros = spent_micros - iif(OLD.kind = 'settle', OLD.payload ->> 'amount_micros', 0),
    refunded_micros = refunded_micros - iif(OLD.kind = 'refund', OLD.payload ->> 'amount_micros', 0)
  WHERE owner = OLD.owner AND quarter = OLD.at_ms / 900000;
END;
"""

# Operations that move no money: they wait here for their log, and know whether it carries them.
OUTBOX = """
CREATE TABLE outbox (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  log TEXT NOT NULL CHECK (log IN ('treasury', 'device')),
  operation TEXT NOT NULL CHECK (json_valid(operation)),
  sealed_in TEXT
) STRICT;
CREATE INDEX outbox_unsealed ON outbox (log, number) WHERE sealed_in IS NULL;
"""

# A ledger that moved keeps its rows: they belong to the studio that it moved out of.
FORMER = """
ALTER TABLE operation ADD COLUMN studio TEXT;
"""

PEOPLE = """
CREATE TABLE person_field (
  account TEXT NOT NULL,
  field TEXT NOT NULL,
  value TEXT NOT NULL CHECK (json_valid(value)),
  place TEXT NOT NULL,
  PRIMARY KEY (account, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE person_history (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  field TEXT NOT NULL,
  value TEXT NOT NULL CHECK (json_valid(value)),
  place TEXT NOT NULL,
  until TEXT NOT NULL
) STRICT;

CREATE TABLE asking (
  id TEXT PRIMARY KEY,
  device TEXT NOT NULL,
  line TEXT NOT NULL CHECK (json_valid(line)),
  at_ms INTEGER NOT NULL,
  outcome TEXT CHECK (outcome IN ('granted', 'refused'))
) STRICT, WITHOUT ROWID;
"""

WORK = """
CREATE TABLE job_told (
  job TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE away_job (
  device TEXT NOT NULL,
  job TEXT NOT NULL,
  owner TEXT NOT NULL,
  line TEXT NOT NULL CHECK (json_valid(line)),
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (device, job)
) STRICT, WITHOUT ROWID;
CREATE INDEX away_job_by_owner ON away_job (owner, at_ms);

CREATE TABLE away_result (
  device TEXT NOT NULL,
  job TEXT NOT NULL,
  frame INTEGER NOT NULL,
  line TEXT NOT NULL CHECK (json_valid(line)),
  PRIMARY KEY (device, job, frame)
) STRICT, WITHOUT ROWID;
"""
