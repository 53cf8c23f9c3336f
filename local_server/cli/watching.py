"""Watching a job to its end from a terminal, where Ctrl-C asks instead of killing."""

from pathlib import Path

from local_server.cli.answers import Answer
from local_server.cli.exits import Exit, find_job_exit
from local_server.cli.far_scenes import fetch_results
from local_server.cli.following import Follower, is_over
from local_server.cli.keys import open_keys
from local_server.cli.link import Link
from local_server.cli.outcome import print_outcome
from local_server.cli.progress import open_view
from local_server.cli.session import Session

CANCEL, LEAVE, WATCH = "c", "l", "w"


def watch_job(
    session: Session, link: Link, job_id: str, *, after: int, folder: Path | None = None
) -> Exit:
    """Watch a job to its end, tell how it ended, and return the exit code.

    Where a folder is given, the frames of a server elsewhere are fetched into it.
    """
    job = follow_job(session, link, job_id, after=after)
    if job is None:
        tell_left_running(session, job_id)
        return Exit.INTERRUPTED
    if folder is not None and job["frames"]["done"]:
        fetch_results(session, link, job_id, folder)
        job["out"] = str(folder)
    bill = link.insist(lambda client: client.get_bill(job_id)) if job["frames"]["total"] else None
    tell_end(session, job, bill)
    return find_job_exit(job)


def follow_job(session: Session, link: Link, job_id: str, *, after: int) -> Answer | None:
    """Follow a job to its end; None when it was left running."""
    while True:
        try:
            with open_view(session) as view:
                return Follower(link, job_id, after=after, view=view).follow()
        except KeyboardInterrupt:
            choice = ask_what_now(session)
            if choice == LEAVE:
                return None
            if choice == CANCEL:
                link.insist(lambda client: cancel_job(client.get_job(job_id), link))
            after = link.insist(lambda client: client.find_last_event())


def cancel_job(job: Answer, link: Link) -> None:
    """Cancel a job, unless it ended while its artist was thinking."""
    if not is_over(job):
        link.client.order(job["id"], "cancel")


def ask_what_now(session: Session) -> str:
    """Ask what Ctrl-C was meant to do; a second Ctrl-C leaves the job running.

    Where nobody can be asked, the job is left running.
    """
    if not session.is_dialogue:
        return LEAVE
    try:
        with open_keys() as read_key:
            session.print(session.say("ask_interrupt").detail, style="bold")
            while True:
                key = read_key().lower()
                if key in (CANCEL, LEAVE, WATCH):
                    return key
    except (KeyboardInterrupt, EOFError):
        return LEAVE


def tell_left_running(session: Session, job_id: str) -> None:
    """Say that the job goes on, and how to watch or cancel it."""
    if session.as_json:
        session.write_json({"type": "left_running", "job": job_id})
    else:
        words = session.say("left_running", job=job_id)
        session.err.print(f"{words.title}\n{words.detail}")


def tell_end(session: Session, job: Answer, bill: Answer | None) -> None:
    """Tell how a job ended and what it came to."""
    if session.as_json:
        session.write_json({"type": "job", "job": job, "bill": bill})
    else:
        print_outcome(session, job, bill)
