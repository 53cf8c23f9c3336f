"""Mail: codes sent to people through the studio's own SMTP server, where one is set up."""

import logging
import os
import smtplib
import ssl
import tomllib
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from enum import StrEnum
from pathlib import Path
from typing import Any

from local_server.farm.errors import BadInput, Conflict, Unavailable

log = logging.getLogger(__name__)
SECONDS_MAX = 20
PASSWORD_VARIABLE = "YUNTU_SMTP_PASSWORD"  # noqa: S105 - a name, not a secret
FILE = "mail.toml"
SERVICE = "yuntu-mail"


class Security(StrEnum):
    """How the way to the mail server is kept private."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class MailSettings:
    """A mail server, and the address that mails come from. No `user`: it asks for no name.

    `authority` is a file of certificates to trust beside the system's, for a studio's own server.
    """

    host: str
    port: int
    security: Security
    sender: str
    user: str | None
    password: str | None
    authority: str | None


FIELDS = {"host", "port", "security", "sender", "user", "password", "authority"}


def read_mail_settings(data: Path) -> MailSettings | None:
    """Read `mail.toml` of a data directory; None where there is none.

    Raises BadInput `mail_settings_wrong`.
    """
    path = data / FILE
    if not path.exists():
        return None
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        return make_mail_settings(told)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput("mail_settings_wrong", path=str(path), words=str(error)) from error


def make_mail_settings(told: dict[str, Any]) -> MailSettings:
    """Check a table of settings. Raises ValueError, KeyError and TypeError."""
    if told.keys() - FIELDS:
        raise ValueError(f"unknown: {', '.join(sorted(told.keys() - FIELDS))}")
    settings = MailSettings(
        host=str(told["host"]),
        port=int(told["port"]),
        security=Security(told.get("security", Security.STARTTLS)),
        sender=str(told["sender"]),
        user=told.get("user"),
        password=find_password(told),
        authority=told.get("authority"),
    )
    Address(addr_spec=settings.sender)
    if settings.user is not None and settings.security == Security.NONE:
        raise ValueError("a password is never sent in the open: security is tls or starttls")
    return settings


def find_password(told: dict[str, Any]) -> str | None:
    """Return the password of a table's `user`: from the environment, the table, or the keyring.

    The table's folder is its owner's alone; the keyring is better where there is one.
    """
    password: str | None = os.environ.get(PASSWORD_VARIABLE) or told.get("password")
    if password is not None or told.get("user") is None:
        return password
    import keyring  # it takes a while, and few servers need it
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(SERVICE, f"{told['user']} {told['host']}")
    except KeyringError as error:
        log.warning("there is no keyring to look for the mail server's password in: %s", error)
        return None


class Mailer:
    """Sends mails one at a time, each over a connection of its own."""

    def __init__(self, settings: MailSettings | None) -> None:
        self.settings = settings

    @property
    def is_set_up(self) -> bool:
        """Tell whether mails can be sent at all."""
        return self.settings is not None

    def send(self, *, to: str, subject: str, text: str) -> None:
        """Send a mail. Raises Conflict `mail_not_set_up` and Unavailable `mail_failed`."""
        if self.settings is None:
            raise Conflict("mail_not_set_up")
        message = make_message(sender=self.settings.sender, to=to, subject=subject, text=text)
        try:
            deliver(message, self.settings)
        except (OSError, smtplib.SMTPException) as error:
            log.warning("a mail could not be sent: %s", type(error).__name__, exc_info=True)
            raise Unavailable("mail_failed", words=f"{self.settings.host}: {error}") from error

    def try_send(self, *, to: str, subject: str, text: str) -> None:
        """Send a mail that nobody waits for; what goes wrong is in the log."""
        try:
            self.send(to=to, subject=subject, text=text)
        except (Conflict, Unavailable):
            log.warning("nobody was told of a mail that was not sent")


def make_message(*, sender: str, to: str, subject: str, text: str) -> EmailMessage:
    """Return a mail; an address or subject that would begin a header of its own is refused.

    Raises BadInput `mail_address_wrong`.
    """
    message = EmailMessage(policy=SMTP)
    try:
        # Parsed to one address with nothing around it, so no list and no line break gets in.
        message["From"] = Address(addr_spec=sender)
        message["To"] = Address(addr_spec=to)
        message["Subject"] = subject
    except (MessageError, ValueError, IndexError) as error:
        raise BadInput("mail_address_wrong") from error
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    # base64: no line of it can be taken for a mailbox's "From" or be too long for some server.
    message.set_content(text, cte="base64")
    return message


def deliver(message: EmailMessage, settings: MailSettings) -> None:
    """Hand a mail to the server; certificates are checked wherever there are any."""
    with connect(settings) as server:
        if settings.user is not None:
            server.login(settings.user, settings.password or "")
        server.send_message(message)


def connect(settings: MailSettings) -> smtplib.SMTP:
    """Return a connection to the mail server, encrypted unless the settings say otherwise."""
    if settings.security == Security.NONE:
        return smtplib.SMTP(settings.host, settings.port, timeout=SECONDS_MAX)
    trusted = ssl.create_default_context()
    if settings.authority is not None:
        trusted.load_verify_locations(settings.authority)
    if settings.security == Security.TLS:
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=SECONDS_MAX, context=trusted)
    server = smtplib.SMTP(settings.host, settings.port, timeout=SECONDS_MAX)
    try:
        server.starttls(context=trusted)
    except BaseException:
        server.close()
        raise
    return server
