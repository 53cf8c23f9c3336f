"""Showing: the server's answers, put into what the panel shows."""

import re
from typing import Any

import bpy

from .amounts import parse_money, round_up, show_money, show_time
from .errands import REST
from .server import Trouble

# A data block as files name it, such as `IMbricks (house.blend)`: kind, name, whose file it is in.
WRAPPED = re.compile(r"^[A-Z]{2}(.+?)(?: \(.*\))?$")


def find_state() -> Any:
    """Return what is known right now."""
    return bpy.context.window_manager.yuntu


def show_trouble(trouble: Trouble) -> None:
    """Show what kept something from being done."""
    state = find_state()
    state.doing = ""
    state.trouble_title, state.trouble_detail = trouble.title, trouble.detail
    state.trouble_code = trouble.code
    redraw()


def clear_trouble() -> None:
    """Forget the last trouble: something else is tried now."""
    state = find_state()
    state.trouble_title = state.trouble_detail = state.trouble_code = ""


def forget_check() -> None:
    """Forget the check: another scene is open."""
    state = find_state()
    state.checked = ""
    state.findings.clear()


def show_check(answer: "dict[str, Any]") -> None:
    """Show what a check found and what the job would cost."""
    state = find_state()
    state.doing, state.checked, state.ok = "", answer["scene"], answer["ok"]
    state.has_farm = answer["has_farm"]
    state.renderer = "{name} {version}".format(**answer["renderer"])
    state.frames, state.frames_total = answer["frames"] or "", answer["frames_total"]
    show_findings(answer["findings"])
    estimate = answer["estimate"]
    state.price = show_money(estimate["p50_micros"]) if estimate else ""
    state.price_high = show_money(estimate["p90_micros"]) if estimate else ""
    state.time = show_time(estimate["job_p50_ms"]) if estimate else ""
    state.time_high = show_time(estimate["job_p90_ms"]) if estimate else ""
    if estimate:
        bpy.context.scene.yuntu.most = show_money(round_up(estimate["p90_micros"]))
    redraw()


def show_findings(findings: "list[dict[str, Any]]") -> None:
    """Show what was found, blockers first."""
    state = find_state()
    state.findings.clear()
    for told in sorted(findings, key=lambda one: one["severity"] != "blocker"):
        params = told.get("params", {})
        finding = state.findings.add()
        finding.severity, finding.title = told["severity"], told["title"]
        finding.detail = told["detail"]
        finding.path = str(params.get("path", ""))
        used_by = WRAPPED.sub(r"\1", str(params.get("used_by", "")))
        finding.block = str(params.get("name", "")) or used_by


def show_job(job: "dict[str, Any]") -> None:
    """Show where a job stands."""
    state, counts = find_state(), job["frames"]
    state.doing, state.job, state.job_state = "", job["id"], job["state"]
    state.job_reason, state.job_detail = job["reason"]["title"], job["reason"]["detail"]
    state.fraction = job["fraction"]
    state.done, state.failed, state.total = counts["done"], counts["failed"], counts["total"]
    state.cost = show_money(job["cost_micros"])
    resting = job["state"] in REST
    state.left = "" if resting or job["eta_ms"] is None else show_time(job["eta_ms"])
    state.out = job["out"] or ""
    if job["state"] == "failed" and job["findings"]:
        show_findings(job["findings"])
        state.ok = False
    redraw()


def is_over(job: "dict[str, Any]") -> bool:
    """Tell whether nothing more happens to a job, and its frames are where they belong."""
    return job["state"] in REST and not job["delivery"]["waiting"]


def read_most() -> "int | None":
    """Return what the job may cost at most, in micro-yuan; None: the server's own P90.

    Raises Trouble for what is no amount.
    """
    text = bpy.context.scene.yuntu.most.strip()
    if not text:
        return None
    micros = parse_money(text)
    if micros is None:
        raise Trouble("This is not an amount", "Type yuan, such as 5 or 0.50.", code="amount")
    return micros


def redraw() -> None:
    """Draw every place again that shows the panel."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in {"PROPERTIES", "VIEW_3D"}:
                area.tag_redraw()
