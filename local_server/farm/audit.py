"""The audit: proves that ledger, jobs and frames agree, from the rows alone; it changes nothing.

Each rule is a query that returns one name per row that breaks it, so a sound farm returns nothing.
Sums are compared by adding both sides up with opposite signs: what is not zero does not agree.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from sqlite_utils import Database

from local_server.farm.db import fetch_value, find_damage, snapshot
from local_server.farm.ledger import ROUTES
from local_server.farm.states import FrameState

EXAMPLES_MAX = 5
# A disk that was put back or copied lacks frames and jobs that its machine's log knows to be paid.
OVERTAKEN = "SELECT job FROM overtaken"
CACHE_KIB = 65_536


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """What one rule found: how many rows break it, and the names of the first of them."""

    code: str
    count: int
    examples: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Tell whether nothing breaks the rule."""
        return self.count == 0

    @property
    def detail(self) -> str:
        """Return the names of what breaks the rule, empty when nothing does."""
        more = ", …" if self.count > len(self.examples) else ""
        return ", ".join(self.examples) + more

    @property
    def params(self) -> dict[str, str | int]:
        """Return what the words for this check speak of."""
        return {"count": self.count, "examples": self.detail}


def name_purse(side: Literal["debit", "credit"]) -> str:
    """Return the SQL that names the purse on one side of an operation `o`."""
    cases = []
    for kind, route in ROUTES.items():
        prefix, _, field = getattr(route, side).rstrip("}").partition("{")
        name = f"'{prefix}'" + (f" || o.{field}" if field else "")
        # What other machines have is told apart by their names.
        away = " || coalesce('@' || o.device, '')" if prefix in ("available:", "held:") else ""
        cases.append(f"WHEN '{kind}' THEN {name}{away}")
    return f"CASE o.kind {' '.join(cases)} END"


# Money by where it went: a few rows per job, which the rules below read in place of every transfer.
FLOW = """
CREATE TEMP TABLE flow AS
SELECT debit, credit, code, sum(amount_micros) AS micros FROM transfer GROUP BY debit, credit, code
"""

MONEY = """
SELECT coalesce(owner, 'world') FROM (
  SELECT p.owner, f.micros FROM flow f JOIN purse p ON p.id = f.credit WHERE f.code = 'mint'
  UNION ALL
  SELECT p.owner, -f.micros FROM flow f JOIN purse p ON p.id = f.debit WHERE f.code = 'withdraw'
  UNION ALL
  SELECT owner, -balance_micros FROM purse WHERE kind <> 'world'
) GROUP BY owner HAVING sum(micros) <> 0
"""

BELOW_ZERO = """
SELECT id FROM purse WHERE CASE kind WHEN 'world' THEN -balance_micros ELSE balance_micros END < 0
"""

PURSES = """
SELECT purse FROM (
  SELECT id AS purse, balance_micros AS micros FROM purse
  UNION ALL SELECT debit, micros FROM flow
  UNION ALL SELECT credit, -micros FROM flow
) GROUP BY purse HAVING sum(micros) <> 0
"""

OPERATIONS = f"""
SELECT o.id FROM operation o LEFT JOIN transfer t ON t.id = o.id
WHERE t.id IS NULL OR t.code <> o.kind
  OR t.amount_micros IS NOT o.payload ->> 'amount_micros'
  OR t.debit IS NOT {name_purse("debit")}
  OR t.credit IS NOT {name_purse("credit")}
UNION ALL
SELECT t.id FROM transfer t
WHERE (SELECT count(*) FROM transfer) <> (SELECT count(*) FROM operation)
  AND t.id NOT IN (SELECT id FROM operation)
"""

FRAMES = f"""
SELECT f.job || ' #' || f.number FROM frame f
LEFT JOIN transfer t ON t.id = 'frame:' || f.job || ':' || f.number
LEFT JOIN taken_back b ON t.id IS NULL AND b.id = 'frame:' || f.job || ':' || f.number
  AND b.outcome IS NULL
WHERE ((f.state = 'done' AND f.reused = 0) <> (t.id IS NOT NULL OR b.id IS NOT NULL)
    AND (f.state = 'done' OR f.job NOT IN ({OVERTAKEN})))
  OR (t.id IS NOT NULL AND (t.code <> 'settle' OR t.debit <> 'held:' || f.job))
  OR (b.id IS NULL AND coalesce(f.amount_micros, 0) <> coalesce(t.amount_micros, 0)
    AND (f.state = 'done' OR f.job NOT IN ({OVERTAKEN})))
UNION ALL
SELECT o.id FROM operation o LEFT JOIN frame f ON o.id = 'frame:' || f.job || ':' || f.number
  AND f.job = o.job AND f.number = o.payload ->> 'frame'
WHERE o.kind = 'settle' AND o.device IS NULL AND f.job IS NULL AND o.job NOT IN ({OVERTAKEN})
  AND (SELECT count(*) FROM operation WHERE kind = 'settle' AND device IS NULL)
    <> (SELECT count(*) FROM frame WHERE state = 'done' AND reused = 0)
"""

COSTS = f"""
SELECT job FROM (
  SELECT id AS job, cost_micros AS paid, held_micros AS held FROM job
  UNION ALL SELECT substr(debit, 6), -micros, 0 FROM flow
  WHERE code = 'settle' AND debit NOT LIKE '%@%'
  UNION ALL SELECT substr(credit, 6), 0, -micros FROM flow
  WHERE code = 'hold' AND credit NOT LIKE '%@%'
) WHERE job IN (SELECT id FROM job) OR job NOT IN ({OVERTAKEN})
GROUP BY job HAVING sum(paid) <> 0 OR sum(held) <> 0
"""

REFUNDS = """
SELECT job FROM (
  SELECT id AS job, refunded_micros AS micros FROM job WHERE refunded_micros <> 0
  UNION ALL
  SELECT o.job, -t.amount_micros FROM transfer t JOIN operation o ON o.id = t.id
  WHERE t.code = 'refund' AND o.device IS NULL AND o.job IN (SELECT id FROM job)
) GROUP BY job HAVING sum(micros) <> 0
UNION ALL
SELECT id FROM job WHERE refunded_micros > cost_micros
"""

USAGE = """
SELECT owner FROM (
  SELECT owner, sum(spent_micros) - sum(refunded_micros) AS micros FROM usage GROUP BY owner
  UNION ALL SELECT owner, -balance_micros FROM purse WHERE kind = 'spent'
) GROUP BY owner HAVING sum(micros) <> 0
"""

HOLDS = f"""
SELECT purse FROM (
  SELECT p.id AS purse, p.balance_micros AS micros FROM purse p WHERE p.kind = 'held'
  UNION ALL SELECT credit, -micros FROM flow WHERE code = 'hold'
  UNION ALL SELECT debit, micros FROM flow WHERE code IN ('settle', 'release', 'reclaim')
) GROUP BY purse HAVING sum(micros) <> 0
UNION ALL
SELECT p.id FROM purse p LEFT JOIN job j ON p.id = 'held:' || j.id
WHERE p.kind = 'held' AND p.device IS NULL AND p.balance_micros <> 0
  AND (j.id IS NULL OR j.state IN ('completed', 'partial', 'failed', 'cancelled'))
  AND substr(p.id, 6) NOT IN ({OVERTAKEN})
"""

COUNTERS = f"""
SELECT j.id FROM job j LEFT JOIN (
  SELECT job, count(*) AS frames_total, sum(reused) AS frames_reused,
    {", ".join(f"sum(state = '{state}') AS frames_{state}" for state in FrameState)}
  FROM frame GROUP BY job
) f ON f.job = j.id
WHERE {
    " OR ".join(
        f"j.frames_{name} <> coalesce(f.frames_{name}, 0)"
        for name in ("total", "reused", *FrameState)
    )
}
"""

STATES = """
SELECT id FROM job WHERE CASE state
  WHEN 'pending' THEN plan IS NOT NULL OR frames_total > 0
  WHEN 'queued' THEN plan IS NULL OR frames_rendering > 0 OR frames_waiting = 0
  WHEN 'running' THEN plan IS NULL OR frames_waiting + frames_rendering = 0
  WHEN 'paused' THEN plan IS NULL OR frames_rendering > 0
  WHEN 'completed' THEN frames_done <> frames_total OR frames_total = 0
  WHEN 'partial' THEN frames_done * frames_failed = 0 OR frames_done + frames_failed <> frames_total
  WHEN 'failed' THEN frames_failed <> frames_total
  ELSE frames_waiting + frames_rendering > 0 END
  OR (state IN ('completed', 'partial', 'failed', 'cancelled')) <> (finished_at_ms IS NOT NULL)
  OR (deleted_at_ms IS NOT NULL AND finished_at_ms IS NULL)
"""

ATTEMPTS = """
SELECT a.job || ' #' || a.number FROM attempt a
LEFT JOIN frame f ON f.job = a.job AND f.number = a.number AND f.attempt = a.attempt
WHERE a.ended_at_ms IS NULL AND f.state IS NOT 'rendering'
UNION ALL
SELECT f.job || ' #' || f.number FROM frame f
LEFT JOIN attempt a ON a.job = f.job AND a.number = f.number AND a.attempt = f.attempt
WHERE f.lease_until_ms IS NOT NULL AND (a.job IS NULL OR a.ended_at_ms IS NOT NULL)
"""

LEDGER_RULES = {
    "audit_money": MONEY,
    "audit_below_zero": BELOW_ZERO,
    "audit_purses": PURSES,
    "audit_operations": OPERATIONS,
}
FARM_RULES = {
    "audit_frames": FRAMES,
    "audit_costs": COSTS,
    "audit_refunds": REFUNDS,
    "audit_usage": USAGE,
    "audit_holds": HOLDS,
    "audit_counters": COUNTERS,
    "audit_states": STATES,
    "audit_attempts": ATTEMPTS,
}


def audit_farm(db: Database) -> tuple[Check, ...]:
    """Check the file and, where it is whole, that ledger, jobs and frames agree in one state of it.

    It reads every row, seconds for a million frames: give it a connection of its own.
    """
    with roomy_cache(db):
        file = check_file(db)
        return (file, *run_rules(db, LEDGER_RULES | FARM_RULES)) if file.ok else (file,)


def audit_ledger(db: Database) -> tuple[Check, ...]:
    """Check that the ledger agrees with itself."""
    return run_rules(db, LEDGER_RULES)


def check_file(db: Database) -> Check:
    """Let SQLite check the file."""
    damage = find_damage(db)
    return Check(code="audit_file", count=len(damage), examples=tuple(damage[:EXAMPLES_MAX]))


def run_rules(db: Database, rules: dict[str, str]) -> tuple[Check, ...]:
    """Ask each rule for what breaks it."""
    with snapshot(db):
        db.conn.execute(FLOW)
        return tuple(run_rule(db, code, sql) for code, sql in rules.items())


def run_rule(db: Database, code: str, sql: str) -> Check:
    """Count what breaks a rule and keep the first names."""
    names = [str(name) for (name,) in db.conn.execute(sql)]
    return Check(code=code, count=len(names), examples=tuple(names[:EXAMPLES_MAX]))


@contextmanager
def roomy_cache(db: Database) -> Iterator[None]:
    """Give a connection room to read all of a large file: it halves the time of an audit."""
    before = fetch_value(db, "PRAGMA cache_size")
    db.conn.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    try:
        yield
    finally:
        db.conn.execute(f"PRAGMA cache_size = {before}")
        db.conn.execute("PRAGMA shrink_memory")
