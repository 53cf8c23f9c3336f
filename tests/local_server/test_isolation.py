"""What is one person's reaches nobody else: every list and page, read by all the others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_server.access import DOCUMENTS, RIGHTS, Right, name_route
from local_server.farm import ledger
from local_server.farm.db import read_clock_ms
from tests.local_server.cast import Studio, open_studio
from tests.local_server.conftest import JOB, fill_database

EMAIL, PHONE, TOP_UP = "owner@studio.cn", "+8613800138000", "topup-of-owner"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio in which `owner` has a job, money, and ways to be reached."""
    data: Path = tmp_path_factory.mktemp("isolation")
    fill_database(data / "farm.db", out=data / "out")
    with open_studio(data, "another", "producer", "admin") as studio:
        studio.add_person("owner", email=EMAIL, phone=PHONE)
        run, write = studio.services.writer.run, studio.services.writer.write
        for table in ("job", "event"):
            run(lambda db, it: db.conn.execute(f"UPDATE {it} SET owner = 'owner'"), table)
        now = read_clock_ms()
        write(ledger.mint, id=TOP_UP, owner="owner", amount_micros=123_454_321, at_ms=now)
        yield studio


def read_everything(studio: Studio, name: str) -> dict[str, str]:
    """Return every page that needs no id, as a person reads it."""
    token = studio.get_access(name)
    pages = {}
    for rule in studio.app.url_map.iter_rules():
        if rule.arguments or rule.rule.startswith(DOCUMENTS) or "GET" not in (rule.methods or ()):
            continue
        if RIGHTS[name_route("GET", rule.rule)] in (Right.PERSON, Right.ANYONE, Right.PRODUCER):
            pages[rule.rule] = studio.open("GET", rule.rule, token).text
    return pages


def test_artists_see_nothing_of_each_other(studio: Studio) -> None:
    session = str(studio.sign_in("owner")["session"])
    for path, page in read_everything(studio, "another").items():
        for secret in (JOB, EMAIL, PHONE, TOP_UP, session, "123454321", '"owner"'):
            assert secret not in page, f"{path} tells of {secret}"


def test_producers_see_jobs_and_names_but_no_money_and_no_numbers(studio: Studio) -> None:
    session = str(studio.sign_in("owner")["session"])
    pages = read_everything(studio, "producer")
    for path, page in pages.items():
        for secret in (EMAIL, PHONE, TOP_UP, session, "123454321"):
            assert secret not in page, f"{path} tells of {secret}"
    assert JOB in pages["/api/v1/jobs"] and JOB in pages["/api/v1/events"]
    assert '"owner"' in pages["/api/v1/people"]


def test_owners_and_admins_see_what_is_theirs(studio: Studio) -> None:
    pages = read_everything(studio, "owner")
    assert JOB in pages["/api/v1/jobs"] and JOB in pages["/api/v1/events"]
    assert TOP_UP in pages["/api/v1/statement"] and EMAIL in pages["/api/v1/me"]
    admin = read_everything(studio, "admin")
    assert EMAIL in admin["/api/v1/people"] and "ledger.mint" in admin["/api/v1/events"]
