"""Money over the interface: top-ups, withdrawals, refunds, bills, statements, usage, prices."""

import csv
import io
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from local_server.bill_pdf import write_bill_pdf
from local_server.farm import attempts, frames, jobs
from local_server.farm.db import open_database, read_clock_ms, write
from local_server.farm.price_books import read_price_books
from local_server.wording import Wording
from tests.end_to_end.running_farm import RunningFarm
from tests.local_server.cast import PASSWORD
from tests.local_server.conftest import JOB, YUAN, fill_database, make_result

PAID_MICROS = 333  # a second on two threads at 0.60 yuan a core-hour
JOB_PATH = f"/jobs/{JOB}"


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFarm]:
    """A server whose job has one paid frame of three, and ten yuan less the hold."""
    running = RunningFarm(tmp_path_factory.mktemp("money") / "data", "--no-node")
    running.data.mkdir()
    fill_database(running.data / "farm.db", out=running.out(JOB))
    with running:
        yield running
        running.assert_clean()


def send(farm: RunningFarm, path: str, body: dict[str, Any]) -> requests.Response:
    """Send a request, whatever comes of it."""
    return farm.session.post(farm.address + path, json=body, timeout=60)


def read_code(response: requests.Response) -> str:
    """Return an error's code."""
    code: str = response.json()["error"]["code"]
    return code


@pytest.mark.parametrize(
    "amount", [0, -1, -(10**30), 10**15 + 1, 10**400, 1.5, "1", True, None, [1], {}]
)
def test_amounts_that_cannot_be_meant(farm: RunningFarm, amount: object) -> None:
    before = farm.get("/balance")
    for path in ("/topups", "/withdrawals"):
        response = send(farm, path, {"id": "amount", "amount_micros": amount})
        assert (response.status_code, read_code(response)) == (400, "invalid")
    if amount is not None:
        body = {"id": "amount", "reason": "x", "amount_micros": amount}
        assert read_code(send(farm, f"{JOB_PATH}/refunds", body)) == "invalid"
        body = {"max_cost_micros": amount}
        expected = "job_cannot_move" if amount == 0 and amount is not False else "invalid"
        assert read_code(send(farm, f"{JOB_PATH}/resume", body)) == expected
    assert farm.get("/balance") == before


def test_an_account_that_is_not_there_gets_nothing(farm: RunningFarm) -> None:
    body = {"id": "for-nobody", "amount_micros": 1, "account": "nobody"}
    assert read_code(send(farm, "/topups", body)) == "no_account"
    response = farm.session.get(f"{farm.address}/balance?account=nobody", timeout=60)
    assert read_code(response) == "no_account"


def test_who_was_removed_is_given_no_money(farm: RunningFarm) -> None:
    farm.post("/people", {"id": "leaving", "name": "Leaving", "password": PASSWORD})
    body = {"id": "leaving-1", "amount_micros": 5, "account": "leaving"}
    assert send(farm, "/topups", body).status_code == 201
    assert farm.session.delete(f"{farm.address}/people/leaving", timeout=60).status_code == 204
    body["id"] = "leaving-2"
    assert read_code(send(farm, "/topups", body)) == "no_account"
    assert send(farm, "/withdrawals", body).status_code == 201, "what is left is taken out"


def test_a_refund_gives_back_at_most_what_was_paid(farm: RunningFarm) -> None:
    before = farm.get("/balance")
    refund = {"id": "first-try", "reason": "noise in the sky", "frame": 1, "amount_micros": 133}
    refunds = f"{JOB_PATH}/refunds"
    assert read_code(send(farm, refunds, refund | {"amount_micros": 334})) == "refund_too_large"
    given = farm.post(refunds, refund)
    assert (given["amount_micros"], given["frame"], given["by"]) == (133, 1, "me")
    assert farm.post(refunds, refund) == given, "sent twice, given back once"
    assert read_code(send(farm, refunds, refund | {"reason": "other"})) == "operation_differs"
    assert read_code(send(farm, refunds, {"id": "free", "reason": "x", "frame": 2})) == (
        "nothing_to_refund"
    )
    assert read_code(send(farm, refunds, {"id": "lost", "reason": "x", "frame": 9})) == "no_frame"
    rest = farm.post(refunds, {"id": "the-rest", "reason": "all of it"})
    assert rest["amount_micros"] == PAID_MICROS - 133
    again = send(farm, refunds, {"id": "too-much", "reason": "x"})
    assert (again.status_code, read_code(again)) == (409, "nothing_to_refund")
    after = farm.get("/balance")
    assert after["spent_micros"] == before["spent_micros"] - PAID_MICROS
    assert after["pool_micros"] == before["pool_micros"] + PAID_MICROS
    bill = farm.get(f"{JOB_PATH}/bill")
    assert (bill["total_micros"], bill["refunded_micros"]) == (PAID_MICROS, PAID_MICROS)
    assert [one["reason"] for one in bill["refunds"]] == ["noise in the sky", "all of it"]
    assert (bill["price_book"], bill["lines"][0]["price_book"]) == ("2026-11", "2026-11")


def test_a_bill_as_csv_adds_up(farm: RunningFarm) -> None:
    text = farm.session.get(f"{farm.address}{JOB_PATH}/bill?format=csv", timeout=60)
    assert f'filename="bill-{JOB}.csv"' in text.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(text.text)))
    bill = farm.get(f"{JOB_PATH}/bill")
    due = bill["total_micros"] - bill["refunded_micros"]
    assert round(sum(float(row["amount_cny"]) for row in rows) * YUAN) == due
    assert {len(row["amount_cny"].partition(".")[2]) for row in rows} == {6}


@pytest.mark.parametrize(("language", "word"), [("en", "Bill"), ("zh", "账单")])
def test_a_bill_as_pdf_can_be_read(
    farm: RunningFarm, tmp_path: Path, language: str, word: str
) -> None:
    response = farm.session.get(
        f"{farm.address}{JOB_PATH}/bill?format=pdf",
        headers={"Accept-Language": language},
        timeout=60,
    )
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")
    path = tmp_path / "bill.pdf"
    path.write_bytes(response.content)
    done = subprocess.run(
        ["pdftotext", "-layout", path, "-"], capture_output=True, check=True, encoding="utf-8"
    )
    assert f"{word} {JOB}" in done.stdout
    assert "0.000333" in done.stdout


@pytest.mark.parametrize(("name", "rare"), [("灯笼第三镜", False), ("龘字镜", True)])
def test_the_chinese_of_a_bill_is_embedded(
    farm: RunningFarm, tmp_path: Path, name: str, rare: bool
) -> None:
    """A printer without Chinese prints it; only what GB 2312 lacks is left to the reader's own."""
    bill = farm.get(f"{JOB_PATH}/bill") | {"name": name, "refunds": []}
    path = tmp_path / "bill.pdf"
    path.write_bytes(write_bill_pdf(bill, Wording("zh")))
    told = subprocess.run(["pdffonts", path], capture_output=True, check=True, encoding="utf-8")
    [noto] = [line for line in told.stdout.splitlines() if "NotoSansSC" in line]
    assert noto.split()[-5:-2] == ["yes", "yes", "yes"], "embedded, a subset, can be copied"
    assert ("STSong" in told.stdout) == rare
    assert path.stat().st_size < 200_000
    read = subprocess.run(["pdftotext", path, "-"], capture_output=True, check=True)
    assert name in read.stdout.decode()


def test_a_statement_is_chosen_and_paged(farm: RunningFarm) -> None:
    everything = farm.get("/statement")["items"]
    assert [one["kind"] for one in everything[:4]] == ["mint", "lease", "hold", "settle"]
    settles = farm.get("/statement", kind="settle")["items"]
    assert [(one["frame"], one["amount_micros"]) for one in settles] == [(1, PAID_MICROS)]
    both = farm.get("/statement", kind=["mint", "hold"], job=JOB)["items"]
    assert [one["kind"] for one in both] == ["hold"]
    seen, cursor = [], None
    while True:
        page = farm.get("/statement", limit=2, order="desc", cursor=cursor)
        seen += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == everything[::-1]
    moment = everything[2]["at_ms"]
    late = farm.get("/statement", from_ms=moment, until_ms=moment + 1)["items"]
    assert late == [one for one in everything if one["at_ms"] == moment]
    text = farm.get("/statement", format="csv", kind="settle")
    assert [row["frame"] for row in csv.DictReader(io.StringIO(text))] == ["1"]


@pytest.mark.parametrize("cursor", ["x", "", "W10", "WzEsIjIiXQ", "WzEsMiwzXQ", "W3RydWUsMl0", "é"])
def test_marks_that_we_never_made(farm: RunningFarm, cursor: str) -> None:
    tables = ("/statement?format=csv", "/bills?format=csv")
    for path in ("/statement", "/bills", "/jobs", "/jobs?sort=name", *tables):
        joined = "&" if "?" in path else "?"
        response = farm.session.get(f"{farm.address}{path}{joined}cursor={cursor}", timeout=60)
        assert (response.status_code, read_code(response)) == (422, "cursor_wrong")


def test_usage_by_day(farm: RunningFarm) -> None:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    told = farm.get("/usage", since=today, until=today, offset_minutes=0)
    assert told["total"]["frames"] == 1
    assert (told["total"]["render_ms"], told["total"]["core_ms"]) == (1_000, 2_000)
    assert told["total"]["spent_micros"] == PAID_MICROS
    assert [one["day"] for one in told["items"]] == [today]
    assert farm.get("/usage", since="2020-01-01", until="2020-02-01")["items"] == []
    assert farm.get("/usage", since="0001-01-01", until="9999-12-31")["total"] == told["total"]
    text = farm.get("/usage", since=today, until=today, offset_minutes=0, format="csv")
    assert text.splitlines()[1].startswith(f"{today},1,1000,2000,0.000333,")


def test_prices_are_versions_that_never_change(farm: RunningFarm) -> None:
    assert [one["id"] for one in farm.get("/prices")["items"]] == ["2026-11"]
    levels = {"standard": {"discount_basis_points": 0}, "gold": {"discount_basis_points": 5_000}}
    book = {"id": "dearer", "rate_micros": 900_000, "minimum_micros": 300, "levels": levels}
    made = farm.post("/prices", book)
    assert made["in_force"] and made["author"] == "me"
    assert farm.post("/prices", book) == made
    assert read_code(send(farm, "/prices", book | {"rate_micros": 1})) == "price_book_differs"
    past = book | {"id": "past", "valid_from_ms": 1}
    assert read_code(send(farm, "/prices", past)) == "price_book_in_past"
    strange = book | {"id": "strange", "levels": {"gold": {"discount_basis_points": 0}}}
    assert read_code(send(farm, "/prices", strange)) == "price_book_without_standard"
    later = book | {"id": "later", "valid_from_ms": read_clock_ms() + 10**9}
    assert not farm.post("/prices", later)["in_force"]
    force = [one["id"] for one in farm.get("/prices")["items"] if one["in_force"]]
    assert force == ["dearer"]


def test_a_job_keeps_the_prices_it_was_planned_with(farm: RunningFarm) -> None:
    farm.stop()
    db, now = open_database(farm.data / "farm.db"), read_clock_ms()
    with write(db):
        for number in (2, 3):  # whatever the server has put on its line
            frames.take_back(db, job=JOB, number=number)
        [handed] = frames.hand_frames(db, renderer="blender-0.0", limit=1, jobs_max=1, at_ms=now)
        plan = jobs.read_plan(jobs.get_job(db, job=JOB))
        assert plan.price_book == "2026-11"
        told: dict[str, Any] = {"job": JOB, "number": 2, "attempt": handed.attempt}
        attempts.start_attempt(db, **told, node="node", lease_ms=1_000, at_ms=now)

        book = read_price_books(db)[plan.price_book]
        attempts.finish_attempt(db, **told, result=make_result(), book=book, at_ms=now)
    db.conn.close()
    farm.start()
    lines = farm.get(f"{JOB_PATH}/bill")["lines"]
    assert [(one["price_book"], one["amount_micros"]) for one in lines] == [
        ("2026-11", PAID_MICROS)
    ] * 2
    in_force = [one["id"] for one in farm.get("/prices")["items"] if one["in_force"]]
    assert in_force == ["dearer"], "versions are still there after a start"
    farm.assert_clean()


def test_bills_are_listed_when_their_jobs_are_over(farm: RunningFarm) -> None:
    assert farm.get("/bills") == {"items": [], "next": None}
    farm.post(f"{JOB_PATH}/cancel", {})
    [listed] = farm.get("/bills")["items"]
    bill = farm.get(f"{JOB_PATH}/bill")
    assert listed == {name: bill[name] for name in listed}
    page = farm.get("/bills", limit=1, account="me")
    assert farm.get("/bills", cursor=page["next"]) == {"items": [], "next": None}
    assert farm.get("/bills", until_ms=listed["finished_at_ms"])["items"] == []
    table = farm.session.get(f"{farm.address}/bills?format=csv", timeout=60)
    assert 'filename="bills.csv"' in table.headers["Content-Disposition"]
    [row] = csv.DictReader(io.StringIO(table.text))
    assert row["job"] == JOB
    assert round(float(row["total_cny"]) * YUAN) == bill["total_micros"]
