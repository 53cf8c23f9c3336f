"""Rows of the database as the interface shows them."""

from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from local_server.delivery import Delivery, count_undelivered, target_path
from local_server.farm.db import Row, read_clock_ms
from local_server.farm.jobs import Plan, read_plan
from local_server.farm.sites import Site
from local_server.farm.states import OPEN_JOB_STATES, JobState
from local_server.file_names import name_frame
from local_server.live import Live
from local_server.shapes.frames import AttemptView, FrameView
from local_server.shapes.jobs import FrameCounts
from local_server.shapes.reasons import FindingView, Reason
from local_server.wording import Wording

COUNTS = {name: f"frames_{name}" for name in FrameCounts.model_fields}


def show_reason(wording: Wording, code: str, **params: Any) -> Reason:
    """Return a code with its words."""
    return Reason(**tell_reason(wording, code, **params))


def tell_reason(wording: Wording, code: str, **params: Any) -> dict[str, str]:
    """Return the fields of a code with its words."""
    words = wording.say(code, **params)
    return {"code": code, "title": words.title, "detail": words.detail}


def show_findings(wording: Wording, findings: list[dict[str, Any]]) -> list[FindingView]:
    """Return pre-flight's findings with their words."""
    return [FindingView(**one) for one in tell_findings(wording, findings)]


def tell_findings(wording: Wording, findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the fields of pre-flight's findings with their words."""
    return [
        tell_reason(wording, one["code"], **one["params"])
        | {"severity": one["severity"], "params": one["params"]}
        for one in findings
    ]


def list_job_fields(
    db: Database, rows: Sequence[Row], *, wording: Wording, live: Live, delivery: Delivery
) -> list[dict[str, Any]]:
    """Return the fields of jobs' views; what their rows lack is read for all at once.

    They are plain through and through: the view checks them all at once, which takes half as long
    as making each part of it by itself.
    """
    waiting = count_undelivered(db, [row["id"] for row in rows])
    return [
        job_fields(row, wording=wording, live=live)
        | {
            "delivery": {
                "waiting": waiting.get(row["id"], 0),
                "problem": tell_problem(delivery, row["id"], wording=wording),
            }
        }
        for row in rows
    ]


def job_fields(row: Row, *, wording: Wording, live: Live) -> dict[str, Any]:
    """Return the fields of a job's view that its row and this moment tell."""
    plan: dict[str, Any] | None = row["plan"]
    under_way = live.list_progress(row["id"]) if row["state"] == JobState.RUNNING else []
    fractions = sum(one.fraction for one in under_way)
    total = row["frames_total"]
    return {
        "id": row["id"],
        "name": row["name"],
        "scene": row["request"]["scene"],
        "out": (plan["out"] or None) if plan else row["request"]["out"],
        "package": row["request"].get("package"),
        "renderer": tell_renderer(plan["renderer"], plan["renderer_version"]) if plan else None,
        "state": row["state"],
        "reason": tell_reason(wording, row["reason"], **row["reason_params"]),
        "priority": row["priority"],
        "range": plan["frames"] if plan else row["request"]["frames"],
        "site": row["request"].get("site", Site.HERE),
        "frames": {name: row[column] for name, column in COUNTS.items()},
        "fraction": min(1.0, (row["frames_done"] + fractions) / total) if total else 0.0,
        "eta_ms": forecast_ms(row, fractions),
        "estimate": row["estimate"] or None,
        "held_micros": row["held_micros"],
        "cost_micros": row["cost_micros"],
        "refunded_micros": row["refunded_micros"],
        "render_ms": row["render_ms"],
        "findings": tell_findings(wording, row["findings"]),
        "created_at_ms": row["created_at_ms"],
        "started_at_ms": row["started_at_ms"],
        "finished_at_ms": row["finished_at_ms"],
        "live": [
            {
                "frame": one.number,
                "sample": one.sample,
                "samples": one.samples,
                "fraction": one.fraction,
                "remaining_ms": one.remaining_ms,
            }
            for one in under_way
        ],
    }


def tell_renderer(key: str, version: str) -> dict[str, str]:
    """Return a renderer's key (`blender-4.5.15`) as name and version."""
    return {"name": key.removesuffix(f"-{version}"), "version": version}


def tell_problem(delivery: Delivery, job: str, *, wording: Wording) -> dict[str, str] | None:
    """Return what keeps a job's frames from its folder, or None."""
    problem = delivery.problems.get(job)
    return tell_reason(wording, problem.code, **problem.params) if problem else None


def forecast_ms(row: Row, fractions: float) -> int | None:
    """Return how long a job still takes by its pace so far, or by its estimate; None: unknown."""
    left = row["frames_waiting"] + row["frames_rendering"] - fractions
    if row["state"] not in OPEN_JOB_STATES or left <= 0:
        return None
    rendered = row["frames_done"] - row["frames_reused"] + fractions
    if row["started_at_ms"] is not None and rendered >= 1:
        return int((read_clock_ms() - row["started_at_ms"]) / rendered * left)
    if row["estimate"]:
        return int(row["estimate"]["job_p50_ms"] * left / row["frames_total"])
    return None


def show_frames(frames: Sequence[Row], *, job: Row, wording: Wording) -> list[FrameView]:
    """Return frames of a job as the interface shows them."""
    if not frames:
        return []
    plan = read_plan(job)
    return [FrameView(**frame_fields(one, plan=plan, wording=wording)) for one in frames]


def frame_fields(frame: Row, *, plan: Plan, wording: Wording) -> dict[str, Any]:
    """Return the fields of a frame's view."""
    result = frame["result"] or {}
    path = name = None
    if result:
        name = name_frame(plan.naming, frame["number"], result["extension"])
    if frame["delivered"] and plan.out:
        path = str(target_path(plan.out, plan.naming, frame["number"], result["extension"]))
    return {
        "frame": frame["number"],
        "state": frame["state"],
        "attempt": frame["attempt"],
        "tries": frame["tries"],
        "failures": frame["failures"],
        "node": frame["node"],
        "reason": show_reason(wording, frame["reason"]) if frame["reason"] else None,
        "words": frame["words"],
        "reused": bool(frame["reused"]),
        "amount_micros": frame["amount_micros"],
        "path": path,
        "name": name,
        "digest": result.get("picture"),
        "warnings": [show_reason(wording, code) for code in result.get("warnings", ())],
        "has_thumbnail": bool(result.get("thumbnail")),
    } | {
        name: result.get(name)
        for name in ("extension", "size_bytes", "render_ms", "load_ms", "cores")
    }


def show_attempt(attempt: Row, *, wording: Wording) -> AttemptView:
    """Return an attempt as the interface shows it."""
    return AttemptView(
        attempt=attempt["attempt"],
        node=attempt["node"],
        node_name=attempt["node_name"],
        started_at_ms=attempt["started_at_ms"],
        ended_at_ms=attempt["ended_at_ms"],
        outcome=attempt["outcome"],
        reason=show_reason(wording, attempt["reason"]) if attempt["reason"] else None,
        words=attempt["words"],
    )
