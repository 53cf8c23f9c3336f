"""The tables, as a list of migrations; one that shipped is never changed."""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from local_server.farm import (
    job_tables,
    money_tables,
    node_tables,
    people_tables,
    sync_tables,
    transfer_tables,
)


class FarmMigrations(Migrations):
    """sqlite-utils' migrations, which can also say which ones they know."""

    def known(self) -> list[Migrations._Migration]:
        """Return every migration of this program, oldest first."""
        return list(self._migrations)


MIGRATIONS = FarmMigrations("farm")

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


REPEATS = """
CREATE TABLE repeat (
  account TEXT NOT NULL REFERENCES account(id),
  key TEXT NOT NULL,
  content TEXT NOT NULL,
  status INTEGER,
  mimetype TEXT,
  body BLOB,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (account, key)
) STRICT;
CREATE INDEX repeat_by_age ON repeat (at_ms);
"""


@MIGRATIONS()
def m001_ledger(db: Database) -> None:
    """People, operations, purses and transfers."""
    run_script(db, LEDGER)


@MIGRATIONS()
def m002_jobs(db: Database) -> None:
    """Jobs, frames, attempts, nodes and events."""
    run_script(db, JOBS)


@MIGRATIONS()
def m010_people(db: Database) -> None:
    """Names to sign in with, roles, sessions, one-time codes, and the trail of deeds."""
    run_script(db, people_tables.ACCOUNTS)
    db.conn.execute(people_tables.FIRST_ADMIN)
    people_tables.fold_standing_names(db)
    for script in (people_tables.ACCOUNT_RULES, people_tables.SESSIONS, people_tables.DEEDS):
        run_script(db, script)


@MIGRATIONS()
def m020_prices(db: Database) -> None:
    """Versions of the price book, with their membership levels."""
    run_script(db, money_tables.PRICES)


@MIGRATIONS()
def m021_statements(db: Database) -> None:
    """What was given back of a job's cost, and statements by time and kind."""
    run_script(db, money_tables.STATEMENTS)


@MIGRATIONS()
def m022_usage(db: Database) -> None:
    """Frames, seconds and money by owner and time."""
    run_script(db, money_tables.USAGE)


@MIGRATIONS()
def m023_job_lists(db: Database) -> None:
    """Lists of jobs in every order, and what is looked for in them."""
    run_script(db, job_tables.LISTS)
    job_tables.fill_words(db)
    db.conn.execute(job_tables.WORDS)


@MIGRATIONS()
def m024_packages(db: Database) -> None:
    """Scenes that were uploaded."""
    run_script(db, job_tables.PACKAGES)


@MIGRATIONS()
def m030_logs(db: Database) -> None:
    """The studio's logs, how far they are folded, and usage that can be taken back."""
    run_script(db, sync_tables.LOGS)
    run_script(db, sync_tables.USAGE_BACK)


@MIGRATIONS()
def m031_outbox(db: Database) -> None:
    """What else goes into the logs, and whose former studio an operation was in."""
    run_script(db, sync_tables.OUTBOX)
    run_script(db, sync_tables.FORMER)


@MIGRATIONS()
def m032_people_everywhere(db: Database) -> None:
    """What the studio's machines agree on about people, and what machines ask for."""
    run_script(db, sync_tables.PEOPLE)


@MIGRATIONS()
def m033_work_everywhere(db: Database) -> None:
    """What machines tell of their jobs and frames."""
    run_script(db, sync_tables.WORK)


@MIGRATIONS()
def m060_sites(db: Database) -> None:
    """Jobs that render on the farm, and whether it has what it needs for them."""
    run_script(db, job_tables.SITES)


@MIGRATIONS()
def m061_old_jobs(db: Database) -> None:
    """The site of jobs that are older than sites."""
    run_script(db, job_tables.OLD_JOBS)


@MIGRATIONS()
def m095_invites(db: Database) -> None:
    """Invites that this machine made, to end those that nobody used."""
    run_script(db, sync_tables.INVITES)


@MIGRATIONS()
def m040_repeats(db: Database) -> None:
    """Requests that may come twice."""
    run_script(db, REPEATS)


@MIGRATIONS()
def m050_node_failures(db: Database) -> None:
    """Who failed which frame, who is left out of which job, and whom a frame is for."""
    run_script(db, node_tables.FAILURES)


@MIGRATIONS()
def m090_hardy_usage(db: Database) -> None:
    """Usage that odd numbers of other machines cannot break."""
    run_script(db, sync_tables.HARDY_USAGE)


@MIGRATIONS()
def m091_office(db: Database) -> None:
    """What is asked of the treasurer."""
    run_script(db, sync_tables.OFFICE)


@MIGRATIONS()
def m080_transfers(db: Database) -> None:
    """What the studio's store has of this machine's results, and this machine of others'."""
    run_script(db, transfer_tables.TRANSFERS)


@MIGRATIONS()
def m081_latest_jobs(db: Database) -> None:
    """Other machines' jobs by time."""
    db.conn.execute(transfer_tables.LATEST)


@MIGRATIONS()
def m070_reading(db: Database) -> None:
    """What is read often, without reading everything: searches, one's own events, untold jobs."""
    run_script(db, job_tables.SEARCHES)
    run_script(db, "CREATE INDEX event_by_owner ON event (owner, id);")
    run_script(db, sync_tables.UNTOLD)


def run_script(db: Database, script: str) -> None:
    """Run statements one by one inside the open transaction (`executescript` would commit it)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if is_complete(statement):
            db.conn.execute(statement)
            statement = ""
    assert not statement.strip(), f"unfinished statement: {statement!r}"


def is_complete(statement: str) -> bool:
    """Tell whether a statement is whole; a trigger ends only with its own `END;`."""
    text = statement.strip()
    if text.upper().startswith("CREATE TRIGGER"):
        return text.upper().endswith("END;")
    return text.endswith(";")
