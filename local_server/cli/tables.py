"""Output for people: tables, lists and the sentences at a command's end."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from local_server.cli.answers import Answer
from local_server.cli.session import Session
from local_server.wording import show_amounts, show_money

STATE_STYLES = {
    "completed": "green",
    "done": "green",
    "running": "cyan",
    "rendering": "cyan",
    "paused": "yellow",
    "partial": "yellow",
    "failed": "red",
    "cancelled": "dim",
}
FAILED_SHOWN_MAX = 10
BILL_LINES_SHOWN_MAX = 60
KIB = 1024


# --- pieces ---


def show_duration(session: Session, ms: int) -> str:
    """Return a duration as people say it."""
    if ms < 60_000:
        return session.label("seconds", seconds=f"{ms / 1000:.1f}")
    minutes, seconds = divmod(round(ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return session.label("hours", hours=hours, minutes=f"{minutes:02}")
    return session.label("minutes", minutes=minutes, seconds=f"{seconds:02}")


def show_time_left(session: Session, ms: int) -> str:
    """Return about how long something takes yet, in whole seconds: no guess is better than that."""
    seconds = max(1, round(ms / 1000))
    if seconds < 60:
        return session.label("seconds", seconds=seconds)
    return show_duration(session, seconds * 1000)


def show_bytes(count: int) -> str:
    """Return a number of bytes with a fitting unit."""
    size, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < KIB or unit == "TiB":
            break
        size /= KIB
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"


def show_time(at_ms: int | None) -> str:
    """Return a moment on this machine's clock."""
    return "-" if at_ms is None else f"{datetime.fromtimestamp(at_ms / 1000):%Y-%m-%d %H:%M:%S}"


def show_state(session: Session, state: str) -> Text:
    """Return a state in words, in its colour."""
    return Text(session.say(f"state_{state}").title, style=STATE_STYLES.get(state, ""))


def show_frame_result(session: Session, frame: Answer) -> str:
    """Return how a frame ended, as one line."""
    parts = [
        session.label("frame_number", frame=frame["frame"]),
        session.say(f"state_{frame['state']}").title,
    ]
    if frame["state"] == "failed":
        reason = frame["reason"]
        parts += [] if reason is None else [reason["title"]]
        parts += [frame["words"]] if frame["words"] else []
        return "  ".join(parts)
    if frame["reused"]:
        parts.append(session.label("reused"))
    elif frame["render_ms"] is not None:
        parts.append(show_duration(session, frame["render_ms"]))
    if frame["amount_micros"] is not None:
        parts.append(show_money(frame["amount_micros"]))
    parts += [warning["title"] for warning in frame["warnings"]]
    return "  ".join(parts)


def make_table(session: Session, columns: Sequence[str], *, right: Sequence[str] = ()) -> Table:
    """Return an empty table with headings in the reader's language."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(
            Text(session.label(name)),
            justify="right" if name in right else "left",
            overflow="fold",
        )
    return table


def print_pairs(session: Session, pairs: Iterable[tuple[str, Any]]) -> None:
    """Print labels and values, one pair a line; a value of None is left out."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        if value is not None:
            shown = value if isinstance(value, Text) else Text(str(value))
            grid.add_row(Text(session.label(name), style="dim"), shown)
    session.show(grid)


# --- jobs and frames ---


def print_jobs(session: Session, jobs: list[Answer], *, chosen: bool) -> None:
    """Print a list of jobs; `chosen` where it is not about all of them."""
    if not jobs:
        session.print(session.say("no_jobs_chosen" if chosen else "no_jobs").title)
        return
    right = ("frames", "cost")
    table = make_table(
        session, ("job", "name", "state", "frames", "cost", "created", "why"), right=right
    )
    costs = show_amounts([job["cost_micros"] for job in jobs])
    for job, cost in zip(jobs, costs, strict=True):
        table.add_row(
            Text(job["id"]),
            Text(job["name"]),
            show_state(session, job["state"]),
            Text(f"{job['frames']['done']}/{job['frames']['total']}"),
            Text(cost),
            Text(show_time(job["created_at_ms"])),
            Text(job["reason"]["title"]),
        )
    session.show(table)


def print_job(session: Session, job: Answer) -> None:
    """Print one job with all that is known of it."""
    counts, renderer = job["frames"], job["renderer"]
    told = [
        session.label(f"count_{name}", count=counts[name])
        for name in ("waiting", "rendering", "done", "failed", "cancelled", "reused")
        if counts[name]
    ]
    eta = job["eta_ms"]
    print_pairs(
        session,
        [
            ("job", job["id"]),
            ("name", job["name"]),
            ("state", show_state(session, job["state"])),
            ("why", job["reason"]["detail"] or job["reason"]["title"]),
            ("scene", job["scene"]),
            ("renderer", renderer and f"{renderer['name']} {renderer['version']}"),
            ("range", job["range"]),
            ("frames", session.label("list_comma").join([str(counts["total"]), *told])),
            ("left", None if eta is None else show_time_left(session, eta)),
            ("estimate", show_estimate(session, job["estimate"])),
            ("held", show_money(job["held_micros"])),
            ("cost", show_money(job["cost_micros"])),
            ("refunded", show_money(job["refunded_micros"]) if job["refunded_micros"] else None),
            ("forecast", show_forecast(session, job.get("forecast"))),
            ("render_time", show_duration(session, job["render_ms"])),
            ("priority", job["priority"]),
            ("created", show_time(job["created_at_ms"])),
            ("ended", job["finished_at_ms"] and show_time(job["finished_at_ms"])),
            ("out", job["out"]),
        ],
    )
    print_delivery(session, job)
    print_findings(session, job["findings"])


def show_estimate(session: Session, estimate: Answer | None) -> str | None:
    """Return an estimate of money and time as one sentence."""
    if estimate is None or estimate["p50_micros"] is None or estimate["p90_micros"] is None:
        return None
    source = session.label(f"source_{estimate['source']}")
    return session.label(
        "estimate_told",
        p50=show_money(estimate["p50_micros"]),
        p90=show_money(estimate["p90_micros"]),
        time50=show_duration(session, estimate["job_p50_ms"] or 0),
        time90=show_duration(session, estimate["job_p90_ms"] or 0),
        source=source,
    )


def show_forecast(session: Session, forecast: dict[str, Any] | None) -> str | None:
    """Return what a job will come to; nothing where that is known or unknown altogether."""
    if forecast is None or forecast["source"] == "bill":
        return None
    p50, p90 = (show_money(forecast[name]) for name in ("p50_micros", "p90_micros"))
    return session.label("forecast_told", p50=p50, p90=p90)


def print_findings(session: Session, findings: Iterable[Answer]) -> None:
    """Print what pre-flight found, blockers first, each with what to do."""
    ordered = sorted(findings, key=lambda one: one["severity"])
    for one in ordered:
        print_finding(session, one, session.out)
    if any(one["severity"] == "blocker" and one["code"].startswith("missing_") for one in ordered):
        session.print(session.say("missing_options").title)


def print_finding(session: Session, finding: Answer, console: Console) -> None:
    """Print one finding and what to do."""
    style = "bold red" if finding["severity"] == "blocker" else "bold yellow"
    head = session.label(finding["severity"])
    console.print(Text(session.label("headline", head=head, told=finding["title"]), style=style))
    if finding["detail"]:
        console.print(Padding.indent(Text(finding["detail"]), 2))


def print_delivery(session: Session, job: Answer) -> None:
    """Print why finished frames are not in their folder, if that is so."""
    problem = job["delivery"]["problem"]
    if problem is not None:
        session.print(problem["title"], style="bold yellow")
        session.print(problem["detail"])


def print_frames(session: Session, frames: list[Answer]) -> None:
    """Print a list of frames."""
    if not frames:
        session.print(session.say("no_frames").title)
        return
    columns = ("frame", "state", "render_time", "amount", "tries", "node", "why_or_where")
    table = make_table(session, columns, right=("frame", "render_time", "amount", "tries"))
    amounts = show_amounts([frame["amount_micros"] or 0 for frame in frames])
    for frame, amount in zip(frames, amounts, strict=True):
        reason, ms = frame["reason"], frame["render_ms"]
        state = show_state(session, frame["state"])
        if frame["reused"]:
            state.append(f" ({session.label('reused')})")
        why = "  ".join(filter(None, (reason["title"] if reason else "", frame["words"] or "")))
        table.add_row(
            Text(str(frame["frame"])),
            state,
            Text("-" if ms is None else show_duration(session, ms)),
            Text("-" if frame["amount_micros"] is None else amount),
            Text(str(frame["tries"] or "-")),
            Text(frame["node"] or "-"),
            Text(why or frame["path"] or "-"),
        )
    session.show(table)


# --- scenes and renderers ---


def show_several(names: list[str] | None, least: int = 2) -> str | None:
    """Return names where there is a choice between them."""
    return ", ".join(names) if names and len(names) >= least else None


def print_check(session: Session, check: Answer) -> None:
    """Print what pre-flight says of a scene."""
    facts, package, renderer = check["facts"] or {}, check["package"], check["renderer"]
    size = f"{facts['width']}x{facts['height']}" if "width" in facts else None
    packed = None
    if package is not None:
        packed = session.label(
            "package_told", files=package["files"], size=show_bytes(package["bytes"])
        )
    print_pairs(
        session,
        [
            ("scene", check["scene"]),
            ("renderer", renderer and f"{renderer['name']} {renderer['version']}"),
            ("engine", facts.get("engine")),
            ("camera", facts.get("camera") or None),
            ("cameras", show_several(facts.get("cameras"))),
            ("view_layers", show_several(facts.get("view_layers"))),
            ("view_layers_off", show_several(facts.get("view_layers_off"), 1)),
            ("size", size),
            ("samples_set", facts.get("samples")),
            ("frames", f"{check['frames_total']} ({check['frames']})" if check["frames"] else None),
            ("package", packed),
            ("estimate", show_estimate(session, check["estimate"])),
        ],
    )
    print_findings(session, check["findings"])
    words = session.say("check_fine" if check["ok"] else "check_blocked")
    session.print(words.title, style="green" if check["ok"] else "bold red")


def print_renderers(session: Session, renderers: Answer) -> None:
    """Print what can render here, and how to get what cannot."""
    if renderers["items"]:
        table = make_table(session, ("renderer", "version", "scenes", "executable"))
        for one in renderers["items"]:
            scenes = " ".join(one["scenes"])
            table.add_row(
                Text(one["title"]), Text(one["version"]), Text(scenes), Text(one["executable"])
            )
        session.show(table)
    if renderers["missing"]:
        session.print("")
        session.print(session.label("not_installed"), style="bold")
        for missing in renderers["missing"]:
            session.print(f"  {missing['title']}  {missing['how_to_get']}")
