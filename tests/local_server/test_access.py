"""Who may do what: every route with every kind of caller, made from the routes themselves."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response

from local_server.access import DOCUMENTS, RIGHTS, Right, check_rows, name_route
from local_server.callers import Via, identify
from local_server.farm import people, rules
from local_server.farm.db import read_clock_ms
from local_server.farm.packages import NewPackage, add_package
from local_server.settings import OWNER
from local_server.tokens import ACCESS_MS, Tokens
from sync.work import note_work
from tests.local_server.cast import Studio, assert_refused, open_studio
from tests.local_server.conftest import JOB, fill_database

OK = 204
ARGUMENT = re.compile(r"<(?:[^:>]+:)?([a-z_]+)>")
# What each kind of caller gets of a route, by who may call it. Objects belong to `owner`.
ALLOWED: dict[Right, dict[str, int]] = {
    Right.ANYONE: {"nobody": OK, "another": OK, "owner": OK, "producer": OK, "admin": OK},
    Right.MACHINE: {"nobody": 401, "another": 403, "owner": 403, "producer": 403, "admin": OK},
    Right.PERSON: {"nobody": 401, "another": OK, "owner": OK, "producer": OK, "admin": OK},
    Right.CREW: {"nobody": 401, "another": 404, "owner": OK, "producer": OK, "admin": OK},
    Right.OWNER: {"nobody": 401, "another": 404, "owner": OK, "producer": 403, "admin": OK},
    Right.PRODUCER: {"nobody": 401, "another": 403, "owner": 403, "producer": OK, "admin": OK},
    Right.ADMIN: {"nobody": 401, "another": 403, "owner": 403, "producer": 403, "admin": OK},
}
KNOWN = ("another", "owner", "producer", "admin")
WORTHLESS = ("expired", "refresh", "removed", "ended", "elsewhere", "garbled")
# Not even their being there is a producer's business.
PRIVATE = frozenset({"session", "package"})


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio whose routes answer at once: what is tested is who gets as far as them."""
    data: Path = tmp_path_factory.mktemp("access")
    fill_database(data / "farm.db", out=data / "out")
    with open_studio(data) as studio:
        studio.services.writer.run(
            lambda db: db.conn.execute("UPDATE job SET owner = 'owner' WHERE id = ?", (JOB,))
        )
        yield studio


@pytest.fixture(scope="module")
def credentials(studio: Studio) -> dict[str, str | None]:
    """What each kind of caller shows."""
    now, services = read_clock_ms(), studio.services
    shown: dict[str, str | None] = {name: studio.get_access(name) for name in KNOWN}
    signed = studio.sign_in("owner")
    removed, ended = studio.get_access("removed"), studio.sign_in("owner")
    services.writer.write(people.remove_person, account="removed", keeper=OWNER, at_ms=now)
    studio.call("DELETE", f"/sessions/{ended['session']}", str(ended["access_token"]))
    whose = {"account": "owner", "session": signed["session"]}
    past = services.tokens.make_access(**whose, at_ms=now - ACCESS_MS - 1000)
    elsewhere = Tokens(services.tokens.secret, studio="another-studio")
    return shown | {
        "nobody": None,
        "expired": past[0],
        "refresh": str(signed["refresh_token"]),
        "removed": removed,
        "ended": str(ended["access_token"]),
        "elsewhere": elsewhere.make_access(**whose, at_ms=now)[0],
        "garbled": str(signed["access_token"])[:-2] + "AA",
    }


@pytest.fixture(scope="module")
def objects(studio: Studio) -> dict[str, str]:
    """An object of `owner`'s for each thing that addresses speak of; a new one belongs here."""
    session = str(studio.sign_in("owner")["session"])
    package = NewPackage(
        id="package-1",
        owner="owner",
        digest="0" * 64,
        name="lanterns",
        scene="lanterns.blend",
        files=1,
        size_bytes=1,
    )
    studio.services.writer.write(add_package, package, at_ms=read_clock_ms())
    told = {"op": "job", "owner": "owner", "job": "afar", "line": {}, "at_ms": 1}
    studio.services.writer.write(note_work, told, device="two")
    things = {"job": JOB, "number": "1", "session": session, "person": "owner"}
    things |= {"operation": "topup:1", "device": "one", "node": "one", "asking": "none"}
    things["away_job"] = "two:afar"
    return things | {"package": package.id, "blob": "0" * 64}


@pytest.fixture(scope="module")
def silent(studio: Studio, credentials: dict[str, str | None], objects: dict[str, str]) -> Studio:
    """The studio with every route's own code taken out; everybody has signed in before."""
    assert credentials and objects
    for endpoint in studio.app.view_functions:
        studio.app.view_functions[endpoint] = answer_nothing
    return studio


def answer_nothing(**_: Any) -> Response:
    """Stand in for a route's own code."""
    return Response(status=OK)


def list_routes(app: Flask, objects: dict[str, str]) -> Iterator[tuple[str, str, str, set[str]]]:
    """Give each route's verb, name, an address, and what its address speaks of."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(DOCUMENTS):
            continue
        for verb in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            address = ARGUMENT.sub(lambda match: objects[match[1]], rule.rule)
            yield verb, name_route(verb, rule.rule), address, set(rule.arguments)


def find_status(name: str, caller: str, kinds: set[str]) -> int:
    """Return what a caller should get of a route."""
    right = RIGHTS[name]
    status = ALLOWED[right].get(caller, OK if right == Right.ANYONE else 401)
    if right in (Right.CREW, Right.OWNER) and caller == "producer" and kinds & PRIVATE:
        return 404
    if right in (Right.CREW, Right.OWNER) and caller == "another" and not kinds - {"number"}:
        return OK  # the things are named in the body, and each is checked there
    return status


def test_every_route_with_every_kind_of_caller(
    silent: Studio, credentials: dict[str, str | None], objects: dict[str, str]
) -> None:
    wrong, count = [], 0
    for verb, name, address, kinds in list_routes(silent.app, objects):
        for caller, credential in credentials.items():
            got = silent.open(verb, address, credential).status_code
            wanted, count = find_status(name, caller, kinds), count + 1
            if got != wanted:
                wrong.append(f"{name} for {caller}: {got} instead of {wanted}")
    assert not wrong, "\n".join(wrong)
    assert count >= len(RIGHTS) * (len(KNOWN) + len(WORTHLESS) + 1)


def test_the_launch_key_says_which_machine_asks_not_who(
    silent: Studio, objects: dict[str, str]
) -> None:
    key = silent.services.key
    for verb, name, address, _ in list_routes(silent.app, objects):
        response = silent.open(verb, address, key)
        if RIGHTS[name] in (Right.ANYONE, Right.MACHINE):
            assert response.status_code == OK, name
        else:
            assert_refused(response, 401, "sign_in_needed")


def test_alone_at_a_workstation_the_key_is_its_owner(
    silent: Studio, objects: dict[str, str]
) -> None:
    services = silent.services
    services.writer.write(rules.change_rules, shared=False, sign_up=None)
    try:
        caller = identify(
            services.reader,
            services.key,
            key=services.key,
            tokens=services.tokens,
            at_ms=read_clock_ms(),
        )
        assert (caller.account, caller.is_admin, caller.via) == (OWNER, True, Via.KEY)
        for verb, name, address, _ in list_routes(silent.app, objects):
            assert silent.open(verb, address, services.key).status_code == OK, name
    finally:
        services.writer.write(rules.change_rules, shared=True, sign_up=None)


@pytest.mark.parametrize("verb", ["HEAD", "OPTIONS"])
def test_other_verbs_are_no_way_round(silent: Studio, verb: str) -> None:
    for path in (f"/jobs/{JOB}", "/balance", "/people", "/nothing"):
        assert silent.call(verb, path).status_code == 401, path
    assert silent.call("HEAD", "/people", silent.services.key).status_code == 401


def test_every_right_is_tested() -> None:
    assert set(ALLOWED) == set(Right)
    assert set(RIGHTS.values()) == set(Right), "a right that nobody has is not needed"


def test_a_route_without_a_row_keeps_the_server_from_starting(studio: Studio) -> None:
    app = Flask("bare", static_folder=None)
    for rule in studio.app.url_map.iter_rules():
        app.add_url_rule(rule.rule, rule.endpoint, answer_nothing, methods=rule.methods)
    check_rows(app)
    app.add_url_rule("/api/v1/new", "new", answer_nothing)
    with pytest.raises(AssertionError, match="GET /new"):
        check_rows(app)


def test_a_row_without_a_route_is_noticed() -> None:
    with pytest.raises(AssertionError, match="there is no"):
        check_rows(Flask("empty", static_folder=None))
