"""A data directory with finished frames in it that nobody had to render."""

import random
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from local_server.farm import attempts, frames, jobs, ledger
from local_server.farm.accounts import Role, ensure_account
from local_server.farm.db import open_database, read_clock_ms, write
from local_server.farm.pricing import load_price_books
from local_server.preparation import Request
from local_server.settings import OWNER, STUDIO
from sync.blobs import Blobs, Digest
from sync.folder_store import FolderStore
from tests.local_server.conftest import make_plan, make_result

YUAN = 1_000_000


def fill_house(data: Path, job: str, *, count: int, size_bytes: int) -> list[Digest]:
    """Write a completed job of `count` pictures of noise; returns their digests, by frame."""
    store, noise = data / "store", random.Random(job)
    store.mkdir(parents=True, exist_ok=True)
    blobs = Blobs(FolderStore(store), STUDIO)
    pictures = [blobs.add_bytes(noise.randbytes(size_bytes)) for _ in range(count)]
    numbers = tuple(range(1, count + 1))
    plan = replace(make_plan(Path()), out="", naming=f"{job}_####", frames=f"1-{count}", last=count)
    db, now = open_database(data / "farm.db"), read_clock_ms()
    book = max(load_price_books().values(), key=lambda one: one.id)
    with write(db):
        ensure_account(db, account=OWNER, name=OWNER, role=Role.ADMIN, at_ms=now)
        ledger.mint(db, id=f"topup:{job}", owner=OWNER, amount_micros=9 * YUAN, at_ms=now)
        request = asdict(Request(scene="/lost.blend"))
        told: dict[str, Any] = {
            "id": job,
            "owner": OWNER,
            "name": job,
            "request": request,
            "priority": 50,
        }
        jobs.create_job(db, **told, at_ms=now)
        jobs.plan_job(db, job=job, plan=plan, numbers=numbers, scene_key=job, at_ms=now)
        jobs.fund_job(db, job=job, amount_micros=9 * YUAN, reason="held", at_ms=now)
        handed = frames.hand_frames(db, renderer=plan.renderer, limit=count, jobs_max=9, at_ms=now)
        for one, picture in zip(handed, pictures, strict=True):
            of: dict[str, Any] = {"job": job, "number": one.number, "attempt": one.attempt}
            attempts.start_attempt(db, **of, node="node", lease_ms=1000, at_ms=now)
            result = replace(make_result(), job=job, picture=picture, size_bytes=size_bytes)
            attempts.finish_attempt(db, **of, result=result, book=book, at_ms=now)
    db.conn.close()
    return pictures
