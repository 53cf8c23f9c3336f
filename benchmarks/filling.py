"""A database filled with finished jobs, written as the farm would have left them."""

import json
from pathlib import Path

from local_server.farm.db import open_database, write

FRAMES_PER_JOB = 100
PLAN = {
    "manifest": "0" * 64,
    "scene": "scene.blend",
    "renderer": "blender-4.5.15",
    "renderer_version": "4.5.15",
    "look": {"width": None, "height": None, "samples": None, "camera": None},
    "recipe": "0" * 64,
    "width": 1920,
    "height": 1080,
    "frames": f"1-{FRAMES_PER_JOB}",
    "first": 1,
    "last": FRAMES_PER_JOB,
    "out": "/nowhere",
    "naming": "scene_####",
    "price_book": "2026-11",
    "level": "standard",
    "frame_p90_micros": 1000,
}
REQUEST = {"scene": "/nowhere/scene.blend", "frames": None, "out": None, "max_cost_micros": None}
RESULT = {
    "job": "",
    "attempt": 1,
    "node": "node",
    "picture": "0" * 64,
    "extension": ".png",
    "size_bytes": 1000,
    "thumbnail": None,
    "width": 1920,
    "height": 1080,
    "render_ms": 1000,
    "load_ms": 0,
    "cores": 2,
    "warnings": [],
}


def fill_frames(path: Path, *, frames: int, frames_per_job: int = FRAMES_PER_JOB) -> None:
    """Write jobs of so many finished frames each, until there are `frames` frames.

    Their money is left out: lists and submits do not read it, and an audit of such a database
    would rightly complain.
    """
    db = open_database(path)
    plan, request, result = json.dumps(PLAN), json.dumps(REQUEST), json.dumps(RESULT)
    with write(db):
        for number in range(frames // frames_per_job):
            job = f"filled-{number:07d}"
            db.conn.execute(
                "INSERT INTO job (id, owner, name, request, priority, state, reason, plan,"
                " frames_total, frames_done, created_at_ms, finished_at_ms)"
                " VALUES (?, 'me', 'filled', ?, 50, 'completed', 'all_frames_done', ?, ?, ?, 1, 2)",
                (job, request, plan, frames_per_job, frames_per_job),
            )
            db.conn.executemany(
                "INSERT INTO frame (job, number, state, attempt, result, delivered, amount_micros,"
                " changed_at_ms) VALUES (?, ?, 'done', 1, ?, 1, 0, 1)",
                ((job, frame, result) for frame in range(1, frames_per_job + 1)),
            )
    db.conn.close()
