"""The tables, as a list of migrations; one that shipped is never changed."""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from local_server.farm import (
    first_tables,
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
    run_script(db, first_tables.LEDGER)


@MIGRATIONS()
def m002_jobs(db: Database) -> None:
    """Jobs, frames, attempts, nodes and events."""
    run_script(db, first_tables.JOBS)


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


@MIGRATIONS()
def m071_bills(db: Database) -> None:
    """Bills across jobs, by time."""
    run_script(db, job_tables.BILLS)


@MIGRATIONS()
def m096_overtaken(db: Database) -> None:
    """Jobs that went on without this disk."""
    run_script(db, sync_tables.OVERTAKEN)


@MIGRATIONS()
def m097_fewer_indexes(db: Database) -> None:
    """One index less to write for every operation: two others begin with the owner as well."""
    db.conn.execute("DROP INDEX operation_by_owner")


@MIGRATIONS()
def m082_conflicts(db: Database) -> None:
    """What gave way to other machines, and when a person's field was replaced."""
    run_script(db, sync_tables.CONFLICTS)


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
