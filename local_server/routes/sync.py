"""Routes of synchronising: how it stands, a cycle now, what waits, and the studio's machines."""

import json
import time
from collections import Counter
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from sqlite_utils import Database

from local_server.answers import answer, reader_wording
from local_server.document import gives
from local_server.farm import sealing
from local_server.farm.askings import grant_asking, list_askings
from local_server.farm.db import Row, fetch_rows, read_clock_ms
from local_server.farm.errors import Conflict, Refused, YuntuError
from local_server.farm.ledger import Kind
from local_server.invites import Guest
from local_server.inviting import invite_machine
from local_server.reconciler import read_met
from local_server.routes.elsewhere import show_transfers
from local_server.routes.farm import AWAY, NOT_OURS
from local_server.services import here
from local_server.shapes.sync import (
    AskingList,
    AskingPath,
    AskingView,
    ConflictsView,
    DeviceList,
    DevicePath,
    DeviceView,
    DifferenceView,
    InviteRequest,
    InviteView,
    OperationPath,
    PlanLine,
    RefoldRequest,
    RefoldView,
    SnapshotView,
    SyncView,
    TreasurerRequest,
    TroubleView,
    WaitingList,
    WaitingView,
)
from sync.bucket_address import find_key_variable
from sync.conflicts import Clash, count_conflicts
from sync.drafts import Desk
from sync.leases import retry_waiting
from sync.log import is_out, load_fold
from sync.studio import hand_over, revoke_device

TAG = Tag(name="sync", description="This machine, its studio's store, and the other machines")
ROUTES = APIBlueprint("sync", __name__, url_prefix="/api/v1", abp_tags=[TAG])
SHORT_ID = 5
NO_OFFICE = ("no_treasurer", "two_treasurers", "treasury_overwritten")


@ROUTES.get("/sync", **gives(SyncView))
def get_sync() -> Response:
    """Tell how this machine and its studio's store stand, and what the next cycle would put."""
    return answer(show_standing())


@ROUTES.post("/sync", **gives(SyncView))
def sync_now() -> Response:
    """Do a cycle now and tell how it went; trouble with the store is in the answer."""
    here.reconciler.sync()
    here.shipping.meet(back=here.reconciler.is_together())
    return answer(show_standing())


@ROUTES.post("/sync/refold", **gives(RefoldView, AWAY | {503: (*AWAY[503], "store_emptied")}))
def refold(body: RefoldRequest) -> Response:
    """Fold the studio's logs from nothing, compare with what is here, and mend what differs."""
    began = time.perf_counter()
    # The private folder of a lone workstation is no share that could be away.
    told = here.reconciler.refold(refill=body.refill or not here.stores.apart)
    differences = [DifferenceView(kind=kind, name=name) for kind, name in told.differences]
    took_ms = round((time.perf_counter() - began) * 1000)
    return answer(
        RefoldView(
            digest=told.digest,
            objects=told.objects,
            operations=told.operations,
            differences=differences,
            took_ms=took_ms,
        )
    )


@ROUTES.get("/sync/waiting", **gives(WaitingList))
def list_waiting() -> Response:
    """List what this machine did and the studio's logs leave no room for."""
    items = [show_waiting(row) for row in sealing.list_waiting(here.reader)]
    return answer(WaitingList(items=items))


@ROUTES.post("/sync/waiting/<operation>/retry", **gives(SyncView))
def retry_one(path: OperationPath) -> Response:  # noqa: ARG001 - whatever fits by now is taken
    """Try again what waits."""
    here.writer.write(try_waiting, desk=here_desk())
    here.reconciler.sync()
    return answer(show_standing())


@ROUTES.delete("/sync/waiting/<operation>", **gives(WaitingList, {404: "nothing_waiting"}))
def drop_one(path: OperationPath) -> Response:
    """Let go of an operation that waits: it is never paid."""
    here.writer.write(sealing.drop_waiting, id=path.operation)
    items = [show_waiting(row) for row in sealing.list_waiting(here.reader)]
    return answer(WaitingList(items=items))


@ROUTES.get("/studio", **gives(DeviceList))
def get_studio() -> Response:
    """List the machines that are known: before the first cycle of all this one alone."""
    return answer(show_devices())


@ROUTES.post(
    "/studio/invites",
    **gives(
        InviteView,
        AWAY | {403: NOT_OURS, 409: (*AWAY[409], "invite_wants_studio")},
        status=201,
    ),
)
def invite(body: InviteRequest) -> Response:
    """Make an invite for one machine."""
    made = invite_machine(Guest.WORKSTATION, days=body.days, mints=body.mints)
    return answer(InviteView(invite=made), status=201)


@ROUTES.delete(
    "/studio/devices/<device>",
    **gives(
        DeviceList,
        AWAY | {403: NOT_OURS, 404: "no_device", 409: (*AWAY[409], "own_device")},
    ),
)
def revoke(path: DevicePath) -> Response:
    """Take another machine out: what it has not spent goes back, and its key counts no more."""
    here.reconciler.check_mints()
    if path.device == here.reconciler.desk.device:
        raise Conflict("own_device", device=path.device)
    here.reconciler.append(revoke_device(path.device, at_ms=read_clock_ms()))
    here.reconciler.sync()
    return answer(show_devices())


@ROUTES.put(
    "/studio/treasurer",
    **gives(DeviceList, AWAY | {403: NOT_OURS, 404: "no_device", 409: NO_OFFICE}),
)
def appoint_treasurer(body: TreasurerRequest) -> Response:
    """Hand over, or take, the office of the one machine that keeps the treasury."""
    here.reconciler.check_mints()
    build = hand_over(body.device, at_ms=read_clock_ms())
    here.reconciler.append(build, taking=body.take)
    here.reconciler.sync()
    return answer(show_devices())


@ROUTES.post(
    "/studio/snapshots",
    **gives(SnapshotView, AWAY | {403: NOT_OURS}, status=201),
)
def take_snapshot() -> Response:
    """Put a snapshot of all that the logs come to into the store, for machines that join."""
    here.reconciler.check_mints()
    return answer(SnapshotView(digest=here.reconciler.take_snapshot()), status=201)


@ROUTES.get("/studio/requests", **gives(AskingList))
def list_requests() -> Response:
    """List what other machines ask of whoever may mint."""
    return answer(show_askings())


@ROUTES.post(
    "/studio/requests/<asking>/grant",
    **gives(AskingList, {403: ("device_out", "no_minting_key"), 404: "no_asking"}),
)
def grant(path: AskingPath) -> Response:
    """Bring the money in that a machine asks for."""
    here.reconciler.check_mints()
    by = here.caller.account
    here.writer.write(grant_asking, id=path.asking, by=by, at_ms=read_clock_ms())
    here.reconciler.note_change()
    return answer(show_askings())


def show_askings() -> AskingList:
    """Return what is asked, as the interface shows it."""
    items = []
    for row in list_askings(here.reader):
        line = row["line"]
        items.append(
            AskingView(
                id=row["id"],
                device=row["device"],
                owner=line["owner"],
                amount_micros=line["amount_micros"],
                studio=str(line.get("from", "")),
                proof=str(line.get("proof", "")),
                at_ms=row["at_ms"],
            )
        )
    return AskingList(items=items)


def try_waiting(db: Database, *, desk: Desk) -> int:
    """Give again what fits by now."""
    return retry_waiting(db, load_fold(db, desk.studio), desk, at_ms=read_clock_ms())


def show_standing() -> SyncView:
    """Return how synchronising stands, as the interface shows it."""
    standing, desk = here.reconciler.standing, here.reconciler.desk
    trouble = standing.trouble
    if is_out(here.reader, desk.device):
        trouble = Refused("device_out", device=desk.device)
    plan, waiting = read_plan(here.reader), sealing.list_waiting(here.reader)
    return SyncView(
        studio=desk.studio,
        device=desk.device,
        store=here.stores.far.store.address,
        key_variable=find_key_variable(),
        busy=standing.busy,
        done_at_ms=standing.done_at_ms or read_met(here.reader),
        tried_at_ms=standing.tried_at_ms,
        unsealed=sum(line.count for line in plan),
        unfunded=len(waiting),
        conflicts=show_conflicts(waiting),
        trouble=show_trouble(trouble),
        plan=plan,
        transfers=show_transfers(),
    )


def show_conflicts(waiting: list[Row]) -> ConflictsView:
    """Return what gave way to what other machines did."""
    count = count_conflicts(here.reader, at_ms=read_clock_ms())
    return ConflictsView(
        entries=count[Clash.ENTRY],
        profiles=count[Clash.PROFILE],
        charges=sum(row["kind"] == Kind.SETTLE for row in waiting),
    )


def show_trouble(error: YuntuError | None) -> TroubleView | None:
    """Return what keeps machines apart, in the reader's words."""
    if error is None:
        return None
    words = reader_wording().say(error.code, **error.params)
    return TroubleView(code=error.code, title=words.title, detail=words.detail)


def read_plan(db: Database) -> list[PlanLine]:
    """Return what the next cycle would put, by log and kind."""
    rows = fetch_rows(
        db,
        "SELECT log, kind, count(*) AS count, sum(payload ->> 'amount_micros') AS amount_micros"
        " FROM operation WHERE sealed_in IS NULL GROUP BY log, kind"
        " UNION ALL SELECT log, operation ->> 'op', count(*), 0 FROM outbox"
        " WHERE sealed_in IS NULL GROUP BY 1, 2",
    )
    return [PlanLine(**row) for row in rows]


def show_waiting(row: dict[str, Any]) -> WaitingView:
    """Return an operation that waits, as the interface shows it."""
    words = reader_wording().say(f"waits_{row['reason']}")
    names = ("id", "kind", "owner", "job", "at_ms", "reason")
    return WaitingView(
        **{name: row[name] for name in names},
        amount_micros=json.loads(row["payload"])["amount_micros"],
        title=words.title,
    )


def show_devices() -> DeviceList:
    """Return the studio's machines as the interface shows them."""
    desk = here_desk()
    fold = load_fold(here.reader, desk.studio)
    items = []
    hosts = {
        name: str(device.line.get("host", "")) for name, device in fold.treasury.devices.items()
    }
    names = name_machines(hosts)
    for name, device in fold.treasury.devices.items():
        log = fold.logs.get(name)
        items.append(
            DeviceView(
                id=name,
                host=hosts[name],
                name=names[name],
                here=name == desk.device,
                state="out" if device.over else "member",
                epoch=device.epoch,
                entries=log.seq if log else 0,
                leased_micros=sum(log.rest().values()) if log else 0,
            )
        )
    if not items and fold.treasury.seq < 0:
        items.append(show_first_device(desk))
    keys = reader_wording().say(here.chest.where()).detail
    return DeviceList(
        studio=desk.studio,
        alone=not here.stores.apart,
        mints=desk.keys.minter is not None,
        treasurer=fold.treasury.treasurer,
        keys=keys,
        items=items,
    )


def show_first_device(desk: Desk) -> DeviceView:
    """Return this machine, which belongs to its studio also before it could read who does."""
    host = here.reconciler.host_name
    return DeviceView(
        id=desk.device,
        host=host,
        name=host,
        here=True,
        state="member",
        epoch=0,
        entries=0,
        leased_micros=0,
    )


def name_machines(hosts: dict[str, str]) -> dict[str, str]:
    """Return what machines are called in lists, by id: where two have one name, with their ids."""
    count = Counter(host.casefold() for host in hosts.values())
    return {
        id: host if count[host.casefold()] == 1 else f"{host} ({id[:SHORT_ID]})"
        for id, host in hosts.items()
    }


def here_desk() -> Desk:
    """Return what this machine writes with."""
    return here.reconciler.desk
