"""Mails to a real SMTP server: private, to one address, with the headers that we wrote."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from local_server.farm.errors import BadInput, Conflict, Unavailable
from local_server.mail import Mailer, Security, make_mail_settings, make_message, read_mail_settings
from tests.local_server.post_office import SENDER, PostOffice, find_port, open_post_office
from tests.memory_keyring import MemoryKeyring

# The server's library does not see that a connection that began in TLS is private.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
TEXT = "第一行\n.\n..\nFrom here on\n"


@pytest.fixture(scope="module", params=list(Security))
def office(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PostOffice]:
    """A mail server for each way to reach one."""
    with open_post_office(tmp_path_factory.mktemp("office"), request.param) as office:
        yield office


def test_a_mail_arrives_as_it_was_written(office: PostOffice) -> None:
    Mailer(office.make_settings()).send(to="li@studio.cn", subject="云图验证码", text=TEXT)
    recipients, mail = office.take()
    assert recipients == ["li@studio.cn"]
    assert (mail["From"], mail["To"], mail["Subject"]) == (SENDER, "li@studio.cn", "云图验证码")
    assert mail.get_content().replace("\r\n", "\n") == TEXT
    assert mail["Message-ID"].endswith("@studio.cn>") and mail["Auto-Submitted"] == "auto-generated"


def test_a_stranger_in_the_middle_is_noticed(office: PostOffice) -> None:
    if office.security == Security.NONE:
        pytest.skip("there is nothing to notice")
    for settings in (
        replace(office.make_settings(), authority=None),
        replace(office.make_settings(), host="localhost"),  # the certificate names the address
    ):
        with pytest.raises(Unavailable, match="mail_failed"):
            Mailer(settings).send(to="li@studio.cn", subject="x", text="x")
    assert office.mails.empty()


def test_a_wrong_password_is_told(office: PostOffice) -> None:
    if office.security == Security.NONE:
        pytest.skip("nobody is asked for one")
    with pytest.raises(Unavailable, match="mail_failed") as caught:
        Mailer(office.make_settings(password="wrong")).send(  # noqa: S106
            to="li@studio.cn", subject="x", text="x"
        )
    assert "535" in str(caught.value.params["words"])


def test_a_server_that_is_away_is_told() -> None:
    away = PostOffice(find_port(), Security.NONE, Path("none"))
    with pytest.raises(Unavailable, match="mail_failed"):
        Mailer(away.make_settings()).send(to="li@studio.cn", subject="x", text="x")
    with pytest.raises(Conflict, match="mail_not_set_up"):
        Mailer(None).send(to="li@studio.cn", subject="x", text="x")


@pytest.mark.parametrize(
    "to",
    [
        "li@studio.cn\r\nBcc: all@studio.cn",
        "li@studio.cn\nX: y",
        "li@studio.cn, all@studio.cn",
        "li@studio.cn; all@studio.cn",
        "Li <li@studio.cn>",
        "li@studio.cn>",
        "li@studio.cn\0",
        "li",
        "",
    ],
)
def test_an_address_is_one_address(to: str) -> None:
    with pytest.raises(BadInput, match="mail_address_wrong"):
        make_message(sender=SENDER, to=to, subject="x", text="x")


@pytest.mark.parametrize("subject", ["x\r\nBcc: all@studio.cn", "x\nBcc: y@z.cn", "x\r\n\r\nbody"])
def test_a_subject_begins_no_header(subject: str) -> None:
    with pytest.raises(BadInput, match="mail_address_wrong"):
        make_message(sender=SENDER, to="li@studio.cn", subject=subject, text="x")


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        'host = "h"',
        'host = "h"\nport = 25\nsender = "x"',
        'host = "h"\nport = 25\nsender = "a@b.cn"\nsecurity = "maybe"',
        'host = "h"\nport = 25\nsender = "a@b.cn"\ntypo = 1',
        'host = "h"\nport = 25\nsender = "a@b.cn"\nsecurity = "none"\nuser = "u"\npassword = "p"',
        'host = "h"\nport = 25\nsender = "a@b.cn\\nBcc: c@d.cn"',
    ],
)
def test_settings_that_cannot_be_meant(tmp_path: Path, text: str) -> None:
    (tmp_path / "mail.toml").write_text(text)
    with pytest.raises(BadInput, match="mail_settings_wrong"):
        read_mail_settings(tmp_path)


def test_settings_as_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_mail_settings(tmp_path) is None
    told = 'host = "smtp.studio.cn"\nport = 587\nsender = "a@studio.cn"\nuser = "u"\n'
    (tmp_path / "mail.toml").write_text(told)
    monkeypatch.setenv("YUNTU_SMTP_PASSWORD", "from outside")
    read = read_mail_settings(tmp_path)
    assert read is not None and read.password == "from outside"  # noqa: S105
    assert read.security == Security.STARTTLS, "private unless somebody says otherwise"


@pytest.mark.parametrize("page", ["docs/people.md", "docs/zh/people.md"])
def test_the_settings_that_are_documented_are_understood(page: str) -> None:
    text = (Path(__file__).parents[2] / page).read_text(encoding="utf-8")
    shown = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert shown
    settings = make_mail_settings(tomllib.loads(shown[1].replace("# authority", "authority")))
    assert settings.authority and settings.user and settings.security == Security.STARTTLS


def test_a_password_in_the_keyring_is_found(tmp_path: Path) -> None:
    told = 'host = "smtp.studio.cn"\nport = 587\nsender = "a@studio.cn"\nuser = "u"\n'
    (tmp_path / "mail.toml").write_text(told)
    before, ring = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(ring)
    try:
        keyring.set_password("yuntu-mail", "u smtp.studio.cn", "from the ring")
        read = read_mail_settings(tmp_path)
        assert read is not None and read.password == "from the ring"  # noqa: S105
        keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]
        read = read_mail_settings(tmp_path)
        assert read is not None and read.password is None
    finally:
        keyring.set_keyring(before)
