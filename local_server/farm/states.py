"""The states of jobs and frames, which moves between them are legal, and the verbs of people."""

from enum import StrEnum


class JobState(StrEnum):
    """Where a job stands; the reason code beside it says why."""

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Verb(StrEnum):
    """What people can do to a job."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY = "retry"
    PRIORITY = "priority"
    DELETE = "delete"
    RESTORE = "restore"


class FrameState(StrEnum):
    """Where a frame stands."""

    WAITING = "waiting"
    RENDERING = "rendering"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


JOB_MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.PENDING: frozenset(
        {JobState.QUEUED, JobState.PAUSED, JobState.FAILED, JobState.CANCELLED}
    ),
    JobState.QUEUED: frozenset(
        {
            JobState.RUNNING,
            JobState.PAUSED,
            JobState.COMPLETED,
            JobState.PARTIAL,
            JobState.FAILED,
            JobState.CANCELLED,
        }
    ),
    JobState.RUNNING: frozenset(
        {
            JobState.PAUSED,
            JobState.COMPLETED,
            JobState.PARTIAL,
            JobState.FAILED,
            JobState.CANCELLED,
        }
    ),
    JobState.PAUSED: frozenset({JobState.QUEUED, JobState.CANCELLED}),
    JobState.COMPLETED: frozenset(),
    JobState.PARTIAL: frozenset({JobState.QUEUED}),
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.CANCELLED: frozenset(),
}
"""A job that is over keeps its state, but for a retry of its failed frames."""

FRAME_MOVES: dict[FrameState, frozenset[FrameState]] = {
    FrameState.WAITING: frozenset(
        {FrameState.RENDERING, FrameState.DONE, FrameState.FAILED, FrameState.CANCELLED}
    ),
    FrameState.RENDERING: frozenset(
        {FrameState.WAITING, FrameState.DONE, FrameState.FAILED, FrameState.CANCELLED}
    ),
    FrameState.DONE: frozenset(),
    FrameState.FAILED: frozenset({FrameState.WAITING, FrameState.CANCELLED}),
    FrameState.CANCELLED: frozenset(),
}
"""`waiting` moves straight to `done` when its picture is found in the store."""

OPEN_JOB_STATES = frozenset({JobState.QUEUED, JobState.RUNNING})
OVER_JOB_STATES = frozenset(
    {JobState.COMPLETED, JobState.PARTIAL, JobState.FAILED, JobState.CANCELLED}
)
OPEN_FRAME_STATES = frozenset({FrameState.WAITING, FrameState.RENDERING})
