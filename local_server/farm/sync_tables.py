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

# What another machine writes into a line may be anything: numbers that cannot be meant count for
# nothing, and sums stop where nothing real gets to, or one machine could stop all others.
MS_MAX = 10**10
CORES_MAX = 10**4
SUM_MAX = 10**15


def read_number(row: str, name: str, most: int) -> str:
    """Return the SQL that reads a number out of an operation's line."""
    value = f"{row}.payload ->> '{name}'"
    kind = f"json_type({row}.payload, '$.{name}')"
    return f"iif({kind} = 'integer' AND {value} BETWEEN 0 AND {most}, {value}, 0)"


def count_usage(row: str) -> dict[str, str]:
    """Return the SQL of what one operation used, by column."""
    ms, cores = read_number(row, "render_ms", MS_MAX), read_number(row, "cores", CORES_MAX)
    micros = f"{row}.payload ->> 'amount_micros'"
    return {
        "frames": f"{row}.kind = 'settle'",
        "render_ms": ms,
        "core_ms": f"{ms} * {cores}",
        "spent_micros": f"iif({row}.kind = 'settle', {micros}, 0)",
        "refunded_micros": f"iif({row}.kind = 'refund', {micros}, 0)",
    }


ADD_USAGE = f"""
  frames = frames + excluded.frames,
  render_ms = min(render_ms + excluded.render_ms, {SUM_MAX}),
  core_ms = min(core_ms + excluded.core_ms, {SUM_MAX}),
  spent_micros = spent_micros + excluded.spent_micros,
  refunded_micros = refunded_micros + excluded.refunded_micros
"""

HARDY_USAGE = f"""
DROP TRIGGER usage_counts_operations;
DROP TRIGGER usage_takes_back;
CREATE TRIGGER usage_counts_operations AFTER INSERT ON operation
WHEN NEW.kind IN ('settle', 'refund')
BEGIN
  INSERT INTO usage VALUES (NEW.owner, NEW.at_ms / 900000, {", ".join(count_usage("NEW").values())})
  ON CONFLICT DO UPDATE SET {ADD_USAGE};
END;
CREATE TRIGGER usage_takes_back AFTER DELETE ON operation
WHEN OLD.kind IN ('settle', 'refund')
BEGIN
  UPDATE usage SET {
    ", ".join(f"{name} = {name} - ({value})" for name, value in count_usage("OLD").items())
}
  WHERE owner = OLD.owner AND quarter = OLD.at_ms / 900000;
END;
"""

INVITES = """
CREATE TABLE invite (
  key TEXT PRIMARY KEY,
  letter TEXT NOT NULL,
  made_at_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL CHECK (until_ms > made_at_ms)
) STRICT, WITHOUT ROWID;
"""

RECOUNT_USAGE = f"""
INSERT INTO main.usage SELECT owner, at_ms / 900000,
  {", ".join(f"min(sum({value}), {SUM_MAX})" for value in count_usage("operation").values())}
FROM main.operation WHERE kind IN ('settle', 'refund') GROUP BY 1, 2
"""

# Which jobs have to tell of themselves, without comparing every job with what it told.
UNTOLD = """
CREATE TABLE job_untold (serial INTEGER PRIMARY KEY) STRICT;
INSERT INTO job_untold
SELECT j.serial FROM job j LEFT JOIN job_told t ON t.job = j.id WHERE t.state IS NOT j.state;
CREATE TRIGGER job_begins_untold AFTER INSERT ON job BEGIN
  INSERT INTO job_untold VALUES (NEW.serial) ON CONFLICT DO NOTHING; END;
CREATE TRIGGER job_has_to_tell AFTER UPDATE OF state ON job WHEN NEW.state <> OLD.state BEGIN
  INSERT INTO job_untold VALUES (NEW.serial) ON CONFLICT DO NOTHING; END;
CREATE TRIGGER job_tells_again AFTER DELETE ON job_told BEGIN
  INSERT INTO job_untold SELECT serial FROM job WHERE id = OLD.job ON CONFLICT DO NOTHING; END;
"""

# What an operation of the outbox asks the treasurer for, and why that was refused.
OFFICE = """
ALTER TABLE outbox ADD COLUMN about TEXT;
ALTER TABLE outbox ADD COLUMN refused TEXT;
CREATE INDEX outbox_about ON outbox (about) WHERE about IS NOT NULL;
"""

# What met what another machine did and gave way.
CONFLICTS = """
CREATE TABLE conflict (
  kind TEXT NOT NULL CHECK (kind IN ('entry', 'profile')),
  about TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (kind, about)
) STRICT, WITHOUT ROWID;
ALTER TABLE person_history ADD COLUMN at_ms INTEGER;
CREATE INDEX person_history_of_account ON person_history (account, number);
"""

# Jobs of this machine that its log went on with without this disk, and when it was last heard of.
OVERTAKEN = """
CREATE TABLE overtaken (
  job TEXT PRIMARY KEY,
  heard_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""
