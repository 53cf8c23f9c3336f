"""Commands about stores: probe."""

import click

from local_server.cli.exits import Exit
from local_server.cli.session import Session, absolute
from local_server.cli.spoken import SpokenCommand
from local_server.cli.values import Choice
from local_server.membership import find_chest
from local_server.settings import read_device
from sync.fitness import Level, StoreFinding, examine_store, is_fit
from sync.store import open_store

STYLES = {Level.GOOD: "green", Level.WARNING: "bold yellow", Level.UNFIT: "bold red"}


@click.command("store", cls=SpokenCommand)
@click.argument("action", type=Choice("probe"), metavar="ACTION")
@click.argument("store", metavar="[STORE]", required=False)
@click.pass_obj
def store(session: Session, action: str, store: str | None) -> Exit:
    """Try a store out and say what was found."""
    assert action == "probe"
    address = store or f"folder:{session.find_data() / 'store'}"
    if "://" not in address and not address.startswith("folder:"):
        address = f"folder:{absolute(address)}"
    chest = find_chest(session.find_data(), read_device(session.find_data()))
    findings = examine_store(open_store(address, chest.get))
    fit = is_fit(findings)
    answer = {
        "store": address.partition("?")[0],
        "fit": fit,
        "findings": [describe(session, one) for one in findings],
    }
    session.answer(answer, lambda: print_findings(session, findings, fit=fit))
    return Exit.DONE if fit else Exit.SERVER


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
