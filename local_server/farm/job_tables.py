"""The tables' indices that lists of jobs need: each order that they come in, and their words."""

from sqlite_utils import Database

# A sort has an index for one owner's jobs and one for everybody's, with the state at its end: a
# list is chosen from an index alone. What is looked for is kept folded in one column.
LISTS = """
ALTER TABLE job ADD COLUMN words TEXT NOT NULL DEFAULT '';
DROP INDEX job_by_owner;
CREATE INDEX job_by_owner ON job (owner, serial, state, deleted_at_ms);
CREATE INDEX job_by_name ON job (owner, name COLLATE NOCASE, serial, state, deleted_at_ms);
CREATE INDEX job_by_cost ON job (owner, cost_micros, serial, state, deleted_at_ms);
CREATE INDEX job_by_priority ON job (owner, priority, serial, state, deleted_at_ms);
CREATE INDEX job_of_owner_by_state ON job (owner, state, serial, deleted_at_ms);
CREATE INDEX job_all ON job (serial, state, deleted_at_ms);
CREATE INDEX job_all_by_state ON job (state, serial, deleted_at_ms);
CREATE INDEX job_all_by_name ON job (name COLLATE NOCASE, serial, state, deleted_at_ms);
CREATE INDEX job_all_by_cost ON job (cost_micros, serial, state, deleted_at_ms);
CREATE INDEX job_all_by_priority ON job (priority, serial, state, deleted_at_ms);
"""
WORDS = "CREATE INDEX job_words ON job (words, serial)"

# What is looked for stands in the indices of the usual order: a page is full after a few rows, or
# every job of an owner is looked at, without reading the jobs themselves.
SEARCHES = """
DROP INDEX job_words;
DROP INDEX job_by_owner;
DROP INDEX job_all;
CREATE INDEX job_by_owner ON job (owner, serial, state, deleted_at_ms, words);
CREATE INDEX job_all ON job (serial, state, deleted_at_ms, words);
"""

# Bills by when their job ended: of jobs that came to something, be it for free.
BILLS = """
CREATE INDEX job_billed ON job (owner, finished_at_ms, serial)
  WHERE finished_at_ms IS NOT NULL AND frames_done > 0;
"""

# What the farm needs for a job is sent before any of its frames is handed out there.
SITES = """
ALTER TABLE job ADD COLUMN sent_at_ms INTEGER;
DROP INDEX job_open;
CREATE INDEX job_open ON job (plan ->> 'site', plan ->> 'renderer', priority DESC, serial)
  WHERE state IN ('queued', 'running');
CREATE INDEX job_unsent ON job (serial)
  WHERE state IN ('queued', 'running') AND sent_at_ms IS NULL AND plan ->> 'site' = 'farm';
"""
# Jobs of before there were sites render on this machine: without this, nobody would hand them out.
OLD_JOBS = """
UPDATE job SET request = json_set(request, '$.site', 'here') WHERE request ->> 'site' IS NULL;
UPDATE job SET plan = json_set(plan, '$.site', 'here') WHERE plan ->> 'site' IS NULL;
"""

PACKAGES = """
CREATE TABLE package (
  serial INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL REFERENCES account(id),
  digest TEXT NOT NULL,
  name TEXT NOT NULL,
  scene TEXT NOT NULL,
  files INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  deleted_at_ms INTEGER
) STRICT;
CREATE INDEX package_by_owner ON package (owner, serial) WHERE deleted_at_ms IS NULL;
"""


def fill_words(db: Database) -> None:
    """Write the words of the jobs that are there already."""
    rows = db.conn.execute("SELECT serial, id, name, request ->> 'scene' FROM job").fetchall()
    db.conn.executemany(
        "UPDATE job SET words = ? WHERE serial = ?",
        ((fold_words(*told), serial) for serial, *told in rows),
    )


def fold_words(*told: str | None) -> str:
    """Return texts as they are looked for: without case, one a line."""
    return "\n".join(one.casefold() for one in told if one)
