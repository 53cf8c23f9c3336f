"""Upkeep: invites that nobody used end by themselves, and so do blobs that nothing names."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from flask_openapi3 import OpenAPI
from sqlite_utils import Database

from local_server.farm.db import fetch_value
from local_server.farm.errors import BadInput
from local_server.farm.people import set_avatar
from local_server.invites import DAY_MS, PREFIX, Guest, Invite, read_invite, write_invite
from local_server.inviting import make_invite
from local_server.letters import Letter, fetch_letter, leave_letter
from local_server.services import Services
from local_server.settings import OWNER, STUDIO
from local_server.upkeep import do_chores
from local_server.wording import Wording
from sync.blobs import Blobs

OLD_SECONDS = 40 * 24 * 3600


@pytest.fixture
def services(app: OpenAPI) -> Services:
    """A server's parts, whose studio is founded."""
    services: Services = app.extensions["yuntu"]
    services.reconciler.sync()
    return services


def invite(services: Services, guest: Guest = Guest.NODE) -> Invite:
    """Make an invite."""
    text = make_invite(
        services.reconciler,
        guest=guest,
        store=services.stores.far.store.address,
        letter=Letter(bucket_keys={"b": "id\nsecret"}),
        days=1,
    )
    assert "secret" not in text
    return read_invite(text, guest=guest)


def let_invites_grow_old(db: Database) -> None:
    """Let the time of every invite be over."""
    db.conn.execute("UPDATE invite SET made_at_ms = 0, until_ms = 1")


def has_key(services: Services, role: str) -> bool:
    """Tell whether a key of a role counts in the treasury."""
    fold = services.reconciler.engine.fold
    assert fold is not None
    [key] = [one for one in fold.treasury.keys.values() if one.role == role]
    return not key.void


def test_an_invite_that_nobody_used_ends(services: Services) -> None:
    made = invite(services)
    store = services.stores.near
    letter = fetch_letter(made, store)
    assert letter is not None and letter.bucket_keys == {"b": "id\nsecret"}
    do_chores(services)
    assert has_key(services, "node_invite")
    assert fetch_letter(made, store) is not None
    services.writer.write(let_invites_grow_old)
    do_chores(services)
    assert not has_key(services, "node_invite")
    assert fetch_letter(made, store) is None
    assert fetch_value(services.reader, "SELECT count(*) FROM invite") == 0


def test_an_invite_is_for_one_kind_of_machine_and_for_a_while(services: Services) -> None:
    made = invite(services)
    for text, guest, code in (
        (write_invite(made), Guest.WORKSTATION, "invite_for_nodes"),
        (write_invite(invite(services, Guest.WORKSTATION)), Guest.NODE, "invite_for_workstations"),
        (write_invite(replace(made, until_ms=1)), Guest.NODE, "invite_expired"),
        (PREFIX + "bm90IGFuIGludml0ZQ", Guest.NODE, "node_invite_wrong"),
        (PREFIX + "bm90IGFuIGludml0ZQ", Guest.WORKSTATION, "invite_wrong"),
        (write_invite(made)[:-30], Guest.NODE, "node_invite_wrong"),
    ):
        with pytest.raises(BadInput) as caught:
            read_invite(text, guest=guest)
        assert caught.value.code == code
        if code.endswith("invite_wrong"):
            words = Wording("en").say(code, **caught.value.params)
            assert f"begins with {PREFIX}" in words.detail
            assert ("yuntu farm invite" in words.detail) == (guest is Guest.NODE)


def test_who_works_alone_invites_nobody(app: OpenAPI, services: Services) -> None:
    response = app.test_client().post(
        "/api/v1/studio/invites", json={}, headers={"Authorization": f"Bearer {services.key}"}
    )
    told = response.get_json()["error"]
    assert (response.status_code, told["code"]) == (409, "invite_wants_studio")
    assert "yuntu studio create" in told["detail"]
    assert fetch_value(services.reader, "SELECT count(*) FROM invite") == 0


def test_a_server_clears_its_own_store(services: Services, tmp_path: Path) -> None:
    blobs = Blobs(services.stores.near, STUDIO)
    garbage, mentioned = blobs.add_bytes(b"garbage"), blobs.add_bytes(b"mentioned")
    letter, _ = leave_letter(
        services.stores.near, STUDIO, Letter(), secret="11" * 32, seconds=DAY_MS
    )
    services.writer.write(set_avatar, account=OWNER, avatar=mentioned, at_ms=1)
    then = time.time() - OLD_SECONDS
    for path in (tmp_path / "store").rglob("*"):
        if path.is_file():
            os.utime(path, (then, then))
    young = blobs.add_bytes(b"young")
    do_chores(services)
    assert blobs.has(mentioned) and blobs.has(young)
    assert not blobs.has(garbage) and not blobs.has(letter)
