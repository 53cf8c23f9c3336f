"""The tables of people: accounts, their sessions and one-time codes, and the trail of deeds."""

import unicodedata

from sqlite_utils import Database

ACCOUNTS = """
ALTER TABLE account ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN role TEXT NOT NULL DEFAULT 'artist'
  CHECK (role IN ('artist', 'producer', 'admin'));
ALTER TABLE account ADD COLUMN email TEXT;
ALTER TABLE account ADD COLUMN email_key TEXT;
ALTER TABLE account ADD COLUMN email_verified_at_ms INTEGER;
ALTER TABLE account ADD COLUMN phone TEXT;
ALTER TABLE account ADD COLUMN password TEXT;
ALTER TABLE account ADD COLUMN password_changed_at_ms INTEGER;
ALTER TABLE account ADD COLUMN avatar TEXT;
ALTER TABLE account ADD COLUMN removed_at_ms INTEGER;
"""

# The oldest account of a database is the one that its workstation's owner has used so far.
FIRST_ADMIN = "UPDATE account SET role = 'admin' WHERE id = 'me'"

ACCOUNT_RULES = """
CREATE UNIQUE INDEX account_by_name ON account (name_key);
CREATE UNIQUE INDEX account_by_email ON account (email_key) WHERE email_key IS NOT NULL;
CREATE TRIGGER account_never_goes BEFORE DELETE ON account BEGIN
  SELECT RAISE(ABORT, 'an account is removed by marking it: the books speak of it'); END;
"""

SESSIONS = """
CREATE TABLE session (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL REFERENCES account(id),
  device TEXT NOT NULL,
  agent TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  used_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  end_reason TEXT CHECK (end_reason IN
    ('signed_out', 'everywhere', 'password', 'reused', 'removed', 'by_admin')),
  CHECK ((ended_at_ms IS NULL) = (end_reason IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX session_of_account ON session (account, used_at_ms) WHERE ended_at_ms IS NULL;

CREATE TABLE refresh_token (
  hash TEXT PRIMARY KEY,
  session TEXT NOT NULL REFERENCES session(id),
  made_at_ms INTEGER NOT NULL,
  used_at_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_token_of_session ON refresh_token (session);

CREATE TABLE code (
  serial INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL REFERENCES account(id),
  purpose TEXT NOT NULL CHECK (purpose IN ('email', 'password')),
  hash TEXT NOT NULL,
  email TEXT,
  made_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  ended_at_ms INTEGER
) STRICT;
CREATE INDEX code_open ON code (account, purpose) WHERE ended_at_ms IS NULL;
"""

DEEDS = """
CREATE TABLE deed (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL REFERENCES account(id),
  role TEXT NOT NULL,
  via TEXT NOT NULL CHECK (via IN ('key', 'token')),
  action TEXT NOT NULL,
  subject TEXT,
  asked TEXT NOT NULL CHECK (json_valid(asked)),
  before TEXT CHECK (before IS NULL OR json_valid(before)),
  after TEXT CHECK (after IS NULL OR json_valid(after))
) STRICT;
CREATE INDEX deed_by_actor ON deed (actor, id);
CREATE INDEX deed_by_subject ON deed (subject, id) WHERE subject IS NOT NULL;
CREATE TRIGGER deed_never_changes BEFORE UPDATE ON deed BEGIN
  SELECT RAISE(ABORT, 'a deed never changes'); END;
CREATE TRIGGER deed_never_goes BEFORE DELETE ON deed BEGIN
  SELECT RAISE(ABORT, 'a deed is never deleted'); END;
"""


def fold_name(name: str) -> str:
    """Return what two spellings of one name or address have in common.

    Width, case and composed letters do not tell people apart (Unicode NFKC and case folding).
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def fold_standing_names(db: Database) -> None:
    """Give every account that stands its folded name; a second one of a name gets its id added."""
    seen = set()
    for id, name in db.conn.execute("SELECT id, name FROM account ORDER BY created_at_ms, id"):
        told = f"{name}-{id}" if fold_name(name) in seen else name
        key = fold_name(told)
        seen.add(key)
        db.conn.execute("UPDATE account SET name = ?, name_key = ? WHERE id = ?", (told, key, id))
