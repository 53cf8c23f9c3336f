"""Lists of jobs: chosen by owner, state and words, in five orders, a page at a time."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlite_utils import Database

from local_server.farm.db import Row, fetch_rows, fetch_value
from local_server.farm.jobs import parse_row
from local_server.farm.states import OVER_JOB_STATES, JobState

PAGE_MAX = 500


class JobOrder(StrEnum):
    """What a list is sorted by."""

    CREATED = "created"
    NAME = "name"
    STATE = "state"
    COST = "cost"
    PRIORITY = "priority"


COLUMNS = {
    JobOrder.NAME: "name COLLATE NOCASE",
    JobOrder.STATE: "state",
    JobOrder.COST: "cost_micros",
    JobOrder.PRIORITY: "priority",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class JobsWanted:
    """Which jobs a list is about; None and the empty tuple do not choose.

    `text` is looked for in name, scene and id, without case; `prefix` is how the id begins.
    """

    owner: str | None = None
    states: tuple[JobState, ...] = ()
    text: str | None = None
    prefix: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where in a list a page ends: the last job's key in this order (None: by creation), serial."""

    key: str | int | None
    serial: int


def list_jobs(
    db: Database,
    wanted: JobsWanted,
    *,
    order: JobOrder = JobOrder.CREATED,
    descending: bool = True,
    after: Place | None = None,
    limit: int = 50,
) -> list[Row]:
    """Return the jobs that are wanted, past `after`; deleted ones are left out.

    A page begins behind a job and not at a number: what comes or goes meanwhile neither repeats
    nor hides another.
    """
    clauses, values = choose(wanted, order)
    column, sign = COLUMNS.get(order), "<" if descending else ">"
    if after is not None and column is None:
        clauses.append(f"serial {sign} :serial")
    elif after is not None:
        clauses.append(f"({column}, serial) {sign} (:key, :serial)")
    if after is not None:
        values |= {"key": after.key, "serial": after.serial}
    direction = "DESC" if descending else "ASC"
    keys = ", ".join(f"{one} {direction}" for one in (column, "serial") if one)
    # The inner query reads an index alone; only the page's own rows are fetched whole.
    rows = fetch_rows(
        db,
        f"SELECT * FROM job WHERE serial IN (SELECT serial FROM job"
        f" WHERE {' AND '.join(clauses)} ORDER BY {keys} LIMIT :limit) ORDER BY {keys}",
        values | {"limit": min(limit, PAGE_MAX)},
    )
    return [parse_row(row) for row in rows]


def find_place(row: Row, order: JobOrder) -> Place:
    """Return where a job stands in an order."""
    column = COLUMNS.get(order)
    key = None if column is None else row[column.partition(" ")[0]]
    return Place(key=key, serial=row["serial"])


def choose(wanted: JobsWanted, order: JobOrder) -> tuple[list[str], dict[str, Any]]:
    """Return the clauses of SQL for the jobs that are wanted, and their values."""
    clauses, values = ["deleted_at_ms IS NULL"], {}
    if wanted.owner is not None:
        clauses.append("owner = :owner")
        values["owner"] = wanted.owner
    if wanted.states:
        marks = {f"state_{place}": str(state) for place, state in enumerate(wanted.states)}
        # The `+` keeps SQLite off an index by state where it would have to sort what it finds, and
        # off one that lacks what is looked for.
        plain = order is JobOrder.STATE or (order is JobOrder.CREATED and not wanted.text)
        column = "state" if plain else "+state"
        clauses.append(f"{column} IN ({', '.join(f':{name}' for name in marks)})")
        values |= marks
    if wanted.text:
        # Only the indices of the usual order have the words.
        found = "SELECT serial FROM job INDEXED BY job_all WHERE instr(words, :text)"
        usual = order is JobOrder.CREATED
        clauses.append("instr(words, :text)" if usual else f"serial IN ({found})")
        values["text"] = wanted.text.casefold()
    if wanted.prefix:
        clauses.append("serial IN (SELECT serial FROM job WHERE id >= :prefix AND id < :beyond)")
        values |= {"prefix": wanted.prefix, "beyond": wanted.prefix + "\U0010ffff"}
    return clauses, values


def find_job_writing_same(db: Database, *, job: str) -> str | None:
    """Return an owner's other job under way that writes the same files as this one, if any."""
    under_way = ", ".join(f"'{state}'" for state in JobState if state not in OVER_JOB_STATES)
    found: str | None = fetch_value(
        db,
        "SELECT other.id FROM job own JOIN job other ON other.id <> own.id"
        " AND other.owner = own.owner"
        " AND other.plan ->> 'out' = own.plan ->> 'out'"
        " AND other.plan ->> 'naming' = own.plan ->> 'naming'"
        f" WHERE own.id = ? AND own.plan ->> 'out' <> '' AND other.state IN ({under_way})"
        " AND EXISTS (SELECT 1 FROM frame f JOIN frame g ON g.number = f.number"
        "  WHERE f.job = own.id AND g.job = other.id) ORDER BY other.serial LIMIT 1",
        (job,),
    )
    return found
