"""The tables of nodes that fail: who failed which frame, and who is left out of which job."""

FAILURES = """
ALTER TABLE frame ADD COLUMN address TEXT;
ALTER TABLE node ADD COLUMN site TEXT NOT NULL DEFAULT 'here' CHECK (site IN ('here', 'farm'));

CREATE TABLE frame_failure (
  job TEXT NOT NULL,
  number INTEGER NOT NULL,
  node TEXT NOT NULL,
  counted INTEGER NOT NULL CHECK (counted IN (0, 1)),
  PRIMARY KEY (job, number, node),
  FOREIGN KEY (job, number) REFERENCES frame (job, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE node_failure (
  job TEXT NOT NULL REFERENCES job(id),
  node TEXT NOT NULL,
  in_a_row INTEGER NOT NULL CHECK (in_a_row > 0),
  until_ms INTEGER,
  PRIMARY KEY (job, node)
) STRICT, WITHOUT ROWID;
CREATE INDEX node_left_out ON node_failure (until_ms) WHERE until_ms IS NOT NULL;
"""
