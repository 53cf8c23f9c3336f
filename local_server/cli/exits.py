"""Exit codes: what a script can learn from how a command ended."""

from enum import IntEnum

from local_server.cli.answers import Answer


class Exit(IntEnum):
    """How a command ended; docs/command-line.md explains each to scripts."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    SERVER = 3
    FUNDS = 4
    BLOCKED = 5
    FRAMES_FAILED = 6
    CANCELLED = 7
    NOT_CLEAN = 8
    INTERRUPTED = 130


MONEY_REASONS = frozenset({"funds", "budget"})
OUR_FAULTS = frozenset({"internal", "broken"})


def find_error_exit(status: int) -> Exit:
    """Return the exit code for an error of an HTTP status; 0 stands for no answer at all."""
    if status == 402:
        return Exit.FUNDS
    if status in (0, 503):
        return Exit.SERVER
    return Exit.USAGE if 400 <= status < 500 else Exit.INTERNAL


def find_job_exit(job: Answer) -> Exit:
    """Return the exit code for a job that is at rest."""
    state, reason = job["state"], job["reason"]["code"]
    if state == "completed":
        return Exit.DONE
    if state == "cancelled":
        return Exit.CANCELLED
    if reason in MONEY_REASONS:
        return Exit.FUNDS
    if reason in OUR_FAULTS:
        return Exit.INTERNAL
    if job["frames"]["total"]:
        return Exit.FRAMES_FAILED
    if any(one["severity"] == "blocker" for one in job["findings"]):
        return Exit.BLOCKED
    return Exit.SERVER if reason == "no_node" else Exit.USAGE
