"""The tables' columns of transfers: what the studio's store has of ours, and we of others."""

# Of a finished frame: when the studio's store was sure to have it, or why it never will.
# Other machines' frames: which jobs are wanted beside the rule, and where their frames go.
TRANSFERS = """
ALTER TABLE frame ADD COLUMN sent_at_ms INTEGER;
ALTER TABLE frame ADD COLUMN unsendable TEXT;
CREATE INDEX frame_unsent ON frame (changed_at_ms, result ->> 'size_bytes')
  WHERE state = 'done' AND sent_at_ms IS NULL AND unsendable IS NULL;
CREATE INDEX frame_unsendable ON frame (job) WHERE unsendable IS NOT NULL;

ALTER TABLE away_job ADD COLUMN wanted INTEGER CHECK (wanted IN (0, 1));
ALTER TABLE away_job ADD COLUMN folder TEXT;
ALTER TABLE away_result ADD COLUMN came_at_ms INTEGER;
ALTER TABLE away_result ADD COLUMN trouble TEXT;
CREATE INDEX away_result_due ON away_result (device, job, line ->> 'size_bytes')
  WHERE came_at_ms IS NULL AND trouble IS NULL;

CREATE TABLE sent_portrait (
  digest TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
"""

# The latest job comes first, and its frames are looked at alone.
LATEST = "CREATE INDEX away_job_by_time ON away_job (at_ms)"
