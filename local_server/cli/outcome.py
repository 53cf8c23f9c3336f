"""The outcome of a job: how it ended, what it cost, where its frames are, what to do now."""

from local_server.cli.answers import Answer
from local_server.cli.exits import MONEY_REASONS
from local_server.cli.money_tables import print_bill_summary
from local_server.cli.session import Session
from local_server.cli.tables import STATE_STYLES, print_delivery, print_findings, show_duration


def print_outcome(session: Session, job: Answer, bill: Answer | None) -> None:
    """Print how a job ended."""
    state, reason = job["state"], job["reason"]
    head = session.say(f"state_{state}").title
    headline = session.label("headline", head=head, told=reason["title"])
    session.print(headline, style=f"bold {STATE_STYLES.get(state, '')}".strip())
    if state != "completed" and reason["detail"]:
        session.print(reason["detail"])
    if reason["code"] in MONEY_REASONS:
        words = session.say(
            f"paused_for_{reason['code']}", job=job["id"], cost_micros=job["cost_micros"]
        )
        session.print(words.title)
    if not job["frames"]["total"]:
        print_findings(session, job["findings"])
        return
    print_time(session, job)
    if bill is not None:
        print_bill_summary(session, bill)
    tell_frames(session, job)
    print_delivery(session, job)


def print_time(session: Session, job: Answer) -> None:
    """Print how long a job took."""
    if job["started_at_ms"] is not None and job["finished_at_ms"] is not None:
        took = show_duration(session, job["finished_at_ms"] - job["started_at_ms"])
        session.print(session.label("took", time=took, job=job["id"]))


def tell_frames(session: Session, job: Answer) -> None:
    """Print where the frames are, and what can be done about those that are not."""
    counts = job["frames"]
    if counts["total"] == counts["reused"]:
        session.print(session.say("all_reused").title, style="green")
    if counts["done"] and job["out"]:
        session.print(session.label("frames_are_in", out=job["out"]))
    elif counts["done"]:
        session.print(session.say("frames_to_fetch", job=job["id"]).title)
    if counts["failed"]:
        words = session.say("frames_failed", job=job["id"], count=counts["failed"])
        session.print(words.title, style="bold red")
        session.print(words.detail)
