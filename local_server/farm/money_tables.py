"""The tables of money beside the ledger: versions of the price book, refunds, usage by time."""

PRICES = """
CREATE TABLE price_book (
  serial INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  valid_from_ms INTEGER NOT NULL,
  rate_micros INTEGER NOT NULL CHECK (rate_micros >= 0),
  minimum_micros INTEGER NOT NULL CHECK (minimum_micros >= 0),
  note TEXT NOT NULL,
  author TEXT REFERENCES account(id),
  created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE price_level (
  book TEXT NOT NULL REFERENCES price_book(id) DEFERRABLE INITIALLY DEFERRED,
  level TEXT NOT NULL,
  discount_basis_points INTEGER NOT NULL CHECK (discount_basis_points BETWEEN 0 AND 10000),
  frames_max INTEGER CHECK (frames_max > 0),
  priority_max INTEGER NOT NULL CHECK (priority_max BETWEEN 0 AND 100),
  PRIMARY KEY (book, level)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER price_book_never_changes BEFORE UPDATE ON price_book BEGIN
  SELECT RAISE(ABORT, 'a price book never changes'); END;
CREATE TRIGGER price_book_never_goes BEFORE DELETE ON price_book BEGIN
  SELECT RAISE(ABORT, 'a price book is never deleted'); END;
CREATE TRIGGER price_level_only_with_its_book BEFORE INSERT ON price_level
WHEN EXISTS (SELECT 1 FROM price_book WHERE id = NEW.book)
BEGIN SELECT RAISE(ABORT, 'a price book never changes'); END;
CREATE TRIGGER price_level_never_changes BEFORE UPDATE ON price_level BEGIN
  SELECT RAISE(ABORT, 'a price book never changes'); END;
CREATE TRIGGER price_level_never_goes BEFORE DELETE ON price_level BEGIN
  SELECT RAISE(ABORT, 'a price book is never deleted'); END;
"""

STATEMENTS = """
ALTER TABLE job ADD COLUMN refunded_micros INTEGER NOT NULL DEFAULT 0
  CHECK (refunded_micros >= 0);
CREATE INDEX operation_by_time ON operation (owner, at_ms, seq);
CREATE INDEX operation_by_kind ON operation (owner, kind, at_ms, seq);
CREATE INDEX operation_refunds ON operation (job, seq) WHERE kind = 'refund';
"""

# Kept by triggers, so that whoever writes an operation keeps it too. A quarter of an hour is the
# finest step of the world's time zones: days of any zone are sums of these rows.
USAGE = """
CREATE TABLE usage (
  owner TEXT NOT NULL,
  quarter INTEGER NOT NULL,
  frames INTEGER NOT NULL,
  render_ms INTEGER NOT NULL,
  core_ms INTEGER NOT NULL,
  spent_micros INTEGER NOT NULL,
  refunded_micros INTEGER NOT NULL,
  PRIMARY KEY (owner, quarter)
) STRICT, WITHOUT ROWID;
INSERT INTO usage
SELECT owner, at_ms / 900000, count(*), sum(payload ->> 'render_ms'),
  sum((payload ->> 'render_ms') * (payload ->> 'cores')), sum(payload ->> 'amount_micros'), 0
FROM operation WHERE kind = 'settle' GROUP BY 1, 2;
CREATE TRIGGER usage_counts_operations AFTER INSERT ON operation
WHEN NEW.kind IN ('settle', 'refund')
BEGIN
  INSERT INTO usage VALUES (
    NEW.owner,
    NEW.at_ms / 900000,
    NEW.kind = 'settle',
    coalesce(NEW.payload ->> 'render_ms', 0),
    coalesce((NEW.payload ->> 'render_ms') * (NEW.payload ->> 'cores'), 0),
    iif(NEW.kind = 'settle', NEW.payload ->> 'amount_micros', 0),
    iif(NEW.kind = 'refund', NEW.payload ->> 'amount_micros', 0)
  ) ON CONFLICT DO UPDATE SET
    frames = frames + excluded.frames,
    render_ms = render_ms + excluded.render_ms,
    core_ms = core_ms + excluded.core_ms,
    spent_micros = spent_micros + excluded.spent_micros,
    refunded_micros = refunded_micros + excluded.refunded_micros;
END;
"""
