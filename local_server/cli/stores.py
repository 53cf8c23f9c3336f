"""The commands about stores: whether one is fit, what may be removed, the key of a bucket."""

import sys
from pathlib import Path

import click

from local_server.cli.exits import Exit
from local_server.cli.session import Session, make_absolute
from local_server.cli.spoken import SpokenFamily
from local_server.cli.tables import show_bytes
from local_server.farm.errors import BadInput
from local_server.membership import find_chest
from local_server.settings import read_device
from sync.bucket_address import (
    find_bucket_key,
    name_secret,
    parse_bucket_address,
    parse_bucket_key,
    tell_origin,
)
from sync.fitness import Level, StoreFinding, examine_store, is_fit
from sync.keys import Chest
from sync.oss_store import open_oss_store
from sync.stores import open_store

STYLES = {Level.GOOD: "green", Level.WARNING: "bold yellow", Level.UNFIT: "bold red"}

store = SpokenFamily("store")


@store.verb("probe", takes_server=False)
@click.argument("store", metavar="[STORE]", required=False)
@click.pass_obj
def probe_store(session: Session, store: str | None) -> Exit:
    """Try a store out."""
    address = store or f"folder:{session.find_data() / 'store'}"
    if "://" not in address and not address.startswith("folder:"):
        address = f"folder:{make_absolute(address)}"
    findings = examine_store(open_store(address, find_own_chest(session).get))
    fit = is_fit(findings)
    answer = {
        "store": address.partition("?")[0],
        "fit": fit,
        "findings": [describe(session, one) for one in findings],
    }
    session.answer(answer, lambda: print_findings(session, findings, fit=fit))
    return Exit.DONE if fit else Exit.SERVER


@store.verb("clean")
@click.option("--dry-run", is_flag=True)
@click.option("--studio", "of_studio", is_flag=True)
@click.pass_obj
def clean_store(session: Session, *, dry_run: bool, of_studio: bool) -> None:
    """Clear a store of what nothing names, or say what that would remove."""
    with session.connect() as client:
        done = client.clean_store(where="studio" if of_studio else "here", dry_run=dry_run)
    told = {name: done[name] for name in ("blobs", "removed", "young", "too_big", "named")}
    told["size"] = show_bytes(done["size_bytes"])
    words = session.say("store_would_clean" if dry_run else "store_cleaned", **told)
    session.answer(done, lambda: session.print(f"{words.title}\n{words.detail}"))


@store.verb("credentials", takes_server=False)
@click.argument("store", metavar="[STORE]", required=False)
@click.option("--key-file", metavar="FILE")
@click.pass_obj
def look_after_key(session: Session, store: str | None, key_file: str | None) -> None:
    """Show which key opens a bucket, after taking another one if it is given."""
    chest = find_own_chest(session)
    address = store or find_bucket_address(session)
    if key_file is not None:
        change_key(chest, address, key_file)
    show_key(session, chest, address)


def find_own_chest(session: Session) -> Chest:
    """Return where this machine keeps its secrets."""
    data = session.find_data()
    return find_chest(data, read_device(data))


def find_bucket_address(session: Session) -> str:
    """Return the address of the studio's bucket. Raises BadInput `store_no_bucket`."""
    with session.connect() as client:
        return str(client.get_sync()["store"])


def show_key(session: Session, chest: Chest, address: str) -> None:
    """Show which key opens a bucket and where it is from; never its secret."""
    bucket = parse_bucket(address)
    origin = tell_origin(bucket, chest.get)
    told = {
        "bucket": bucket,
        "id": None if origin is None else find_bucket_key(bucket, chest.get).id,
        "origin": origin or "none",
        "kept_in": session.say(chest.where()).title,
    }
    words = session.say(f"store_key_{told['origin']}", **told)
    session.answer(told, lambda: session.print(f"{words.title}\n{words.detail}"))


def change_key(chest: Chest, address: str, key_file: str) -> None:
    """Keep another key of a bucket, if it opens it. Raises as the bucket's probe does."""
    bucket = parse_bucket(address)
    key = parse_bucket_key(bucket, read_key_text(key_file))
    open_oss_store(address, key=key).probe()
    chest.put(name_secret(bucket), key.text)


def parse_bucket(address: str) -> str:
    """Return the bucket of an address. Raises BadInput `store_no_bucket`."""
    if not address.startswith("oss://"):
        raise BadInput("store_no_bucket", store=address)
    return parse_bucket_address(address).bucket


def read_key_text(path: str) -> str:
    """Return what a file, or for `-` the standard input, has.

    Raises BadInput `store_key_unreadable`.
    """
    if path == "-":
        return sys.stdin.read()
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise BadInput("store_key_unreadable", path=path, words=str(error)) from error


def describe(session: Session, finding: StoreFinding) -> dict[str, object]:
    """Return a finding as JSON has it."""
    words = session.say(finding.code, **finding.params)
    return {
        "code": finding.code,
        "level": str(finding.level),
        "title": words.title,
        "detail": words.detail,
        "params": finding.params,
    }


def print_findings(session: Session, findings: tuple[StoreFinding, ...], *, fit: bool) -> None:
    """Print each finding with what to do, and the verdict last."""
    for finding in findings:
        words = session.say(finding.code, **finding.params)
        level = session.label(str(finding.level))
        session.print(f"[{level}] {words.title}", STYLES[finding.level])
        session.print(f"    {words.detail}")
    session.print(session.label("fit" if fit else "not_fit"))
