"""Live connections: in order, none twice, only to who may hear it; gaps are healed by asking."""

import time
from typing import Any

import pytest

from local_server.farm import rules
from local_server.farm.db import open_database, write
from tests.end_to_end.running_farm import RunningFarm, wait_until
from tests.local_server.cast import PASSWORD
from tests.local_server.conftest import JOB
from tests.local_server.listener import find_refusal, leave_out_sync, listening


def top_up(server: RunningFarm, times: int) -> None:
    """Bring money in several times; each is an event."""
    for _ in range(times):
        asked = {"id": f"push-{time.time_ns()}", "amount_micros": 1}
        server.post("/topups", asked)


def list_told(server: RunningFarm, **chosen: Any) -> list[dict[str, Any]]:
    """Return the events that a listener is told of."""
    return leave_out_sync(server.events(**chosen))


def sign_up(server: RunningFarm, name: str) -> str:
    """Make an account and return an access token of its."""
    server.session.post(f"{server.address}/people", json={"name": name, "password": PASSWORD})
    told = server.post("/sessions", {"login": name, "password": PASSWORD})
    return str(told["access_token"])


def move_job(server: RunningFarm) -> None:
    """Let the job of three make an event."""
    before = server.get(f"/jobs/{JOB}")["priority"]
    server.post(f"/jobs/{JOB}/priority", {"priority": 51 if before == 50 else 50})


def test_events_come_as_they_are_listed(server: RunningFarm) -> None:
    last = server.get("/events", limit=1)["last"]
    with listening(server) as one, listening(server, transports=["polling"]) as other:
        top_up(server, 20)
        one.wait(20)
        other.wait(20)
    assert one.list_events() == other.list_events() == list_told(server, after=last)
    assert len(one.list_events()) == 20, "none is left out and none comes twice"
    assert {event["kind"] for event in one.list_events()} == {"ledger.mint"}


def test_what_was_missed_is_sent_to_who_names_the_last_they_know(server: RunningFarm) -> None:
    with listening(server) as first:
        top_up(server, 2)
        first.wait(2)
    known = first.list_events()[-1]["id"]
    top_up(server, 3)
    with listening(server, {"after": known}) as later:
        top_up(server, 1)
        later.wait(4)
    assert later.list_events() == list_told(server, after=known)
    with listening(server, {"after": 0}) as everything:
        assert everything.list_events() == list_told(server)


def test_catching_up_while_more_comes_leaves_nothing_out(server: RunningFarm) -> None:
    last = server.get("/events", limit=1)["last"]
    top_up(server, 30)
    with listening(server, {"after": last}) as one:
        top_up(server, 30)
        one.wait(60)
    assert one.list_events() == list_told(server, after=last)


def test_events_are_listed_in_pages(server: RunningFarm) -> None:
    top_up(server, 3)
    everything = server.events()
    page = server.get("/events", limit=2)
    assert page["items"] == everything[:2]
    assert page["last"] == everything[-1]["id"]
    assert server.get("/events", after=page["last"])["items"] == []


@pytest.mark.parametrize("auth", [{"key": "wrong"}, {"key": "", "token": "a"}, {}, None])
def test_who_is_nobody_is_refused_in_words(server: RunningFarm, auth: Any) -> None:
    for language, word in (("zh", "密钥"), ("en", "key")):
        refusal = find_refusal(server, auth, headers={"Accept-Language": language})
        assert refusal["error"]["code"] == "key_wrong"
        assert word in refusal["error"]["title"]


@pytest.mark.parametrize("auth", [{"key": None}, "text", ["key"], {"typo": 1}, {"after": -1}])
def test_what_makes_no_sense_is_refused(server: RunningFarm, auth: Any) -> None:
    assert find_refusal(server, auth)["error"]["code"] == "invalid"


def test_another_page_is_refused(server: RunningFarm) -> None:
    key = {"key": str(server.session.headers["Authorization"]).removeprefix("Bearer ")}
    for transport in ("polling", "websocket"):
        find_refusal(server, key, headers={"Origin": "https://example"}, transports=[transport])
        refusal = find_refusal(
            server, key, headers={"Host": "yuntu.example"}, transports=[transport]
        )
        assert refusal["error"]["code"] == "foreign_host"


def test_people_hear_of_their_own_and_admins_of_everything(server: RunningFarm) -> None:
    token = sign_up(server, "hearer")
    with listening(server, credential=token) as artist, listening(server) as admin:
        top_up(server, 1)
        move_job(server)
        admin.wait(2)
        refused = artist.ask("subscribe", job=JOB)
        assert refused["error"]["code"] == "no_job"
        assert artist.list_events() == []
        shown = server.get("/connections")
    assert shown["people"] == 2
    assert {one["role"] for one in shown["items"]} == {"artist", "admin"}
    assert all(one["transport"] == "websocket" for one in shown["items"])
    assert server.get("/connections")["items"] == []


def test_a_job_is_followed_and_left(server: RunningFarm) -> None:
    with listening(server) as one:
        told = one.ask("subscribe", job=JOB, log=True, after=0)
        assert told == {"last": server.get("/events", limit=1)["last"]}
        known = one.list_events()
        assert known == list_told(server, job=JOB)
        assert [item["jobs"] for item in server.get("/connections")["items"]] == [[JOB]]
        move_job(server)
        one.wait(len(known) + 1)
        assert one.list_events()[-1]["kind"] == "job.priority"
        one.ask("unsubscribe", job=JOB)
        assert [item["jobs"] for item in server.get("/connections")["items"]] == [[]]
        for wrong in ({"job": "x" * 65}, {}, {"job": JOB, "typo": 1}):
            assert one.ask("subscribe", **wrong)["error"]["code"] == "invalid"
    assert len(one.list_events()) == len(known) + 1, "once, though it is heard in two rooms"


def test_signing_out_closes_the_persons_connections(server: RunningFarm) -> None:
    token = sign_up(server, "leaver")
    with listening(server, credential=token) as one, listening(server) as other:
        headers = {"Authorization": f"Bearer {token}"}
        server.session.delete(f"{server.address}/sessions", headers=headers).raise_for_status()
        assert one.wait_for("closing")["error"]["code"] == "session_ended"
        wait_until(lambda: not one.client.connected, seconds=60, what="the connection is closed")
        assert other.client.connected
        assert server.get("/connections")["dropped"]["session_ended"] >= 1


def test_a_token_is_renewed_for_the_same_person_only(server: RunningFarm) -> None:
    token, other = sign_up(server, "renewer"), sign_up(server, "stranger")
    with listening(server, credential=token) as one:
        assert one.ask("renew", token=other)["error"]["code"] == "another_person"
        assert one.ask("renew", key="nonsense")["error"]["code"] == "key_wrong"
        assert "last" in one.ask("renew", token=token)


def test_another_role_hears_something_else(server: RunningFarm) -> None:
    token = sign_up(server, "riser")
    person = next(
        one["id"] for one in server.get("/people", limit=100)["items"] if one["name"] == "riser"
    )
    with listening(server, credential=token) as one:
        answer = server.session.patch(
            f"{server.address}/people/{person}", json={"role": "producer"}
        )
        answer.raise_for_status()
        assert one.wait_for("closing")["error"]["code"] == "role_changed"
    before = server.events()[-1]["id"]  # what this tells of the role may be sent a moment later
    with listening(server, credential=token) as one:
        top_up(server, 1)
        move_job(server)
        wait_until(
            lambda: any(event["id"] > before for event in one.list_events()),
            seconds=60,
            what="the job is heard of",
        )
        kinds = [event["kind"] for event in one.list_events() if event["id"] > before]
        assert kinds == ["job.priority"], "not the money"


def test_a_machine_that_becomes_shared_knows_its_key_no_more(server: RunningFarm) -> None:
    database = open_database(server.data / "farm.db", migrate=False)
    with listening(server) as one:
        with write(database):
            rules.change_rules(database, shared=True, sign_up=None)
        try:
            assert one.wait_for("closing")["error"]["code"] == "sign_in_needed"
        finally:
            with write(database):
                rules.change_rules(database, shared=False, sign_up=None)
            database.conn.close()
