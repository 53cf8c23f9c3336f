"""A real SMTP server on this machine, and what it has received."""

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local_server.mail import MailSettings, Security

HOST = "127.0.0.1"
SENDER = "yuntu@studio.cn"
USER, PASSWORD = "yuntu", "mail-password"
CODE = re.compile(r"^ +([a-z0-9]{4}-[a-z0-9]{4})\r?$", re.MULTILINE)
SECONDS_MAX = 20


@dataclass  # without slots: the server looks at all members, over which Python 3.11.2 stumbles then
class PostOffice:
    """What came in: mails in order, with who they are for by the envelope."""

    port: int
    security: Security
    authority: Path
    mails: "SimpleQueue[tuple[list[str], EmailMessage]]" = field(default_factory=SimpleQueue)

    async def handle_DATA(self, _: Any, __: Any, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail in."""
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=default)
        self.mails.put((list(envelope.rcpt_tos), mail))
        return "250 taken"

    def take(self) -> tuple[list[str], EmailMessage]:
        """Wait for the next mail."""
        return self.mails.get(timeout=SECONDS_MAX)

    def take_code(self) -> str:
        """Wait for the next mail, and return the code in it."""
        return read_code(self.take()[1])

    def make_settings(self, *, password: str = PASSWORD) -> MailSettings:
        """Return how this server is reached."""
        encrypted = self.security != Security.NONE
        return MailSettings(
            host=HOST,
            port=self.port,
            security=self.security,
            sender=SENDER,
            user=USER if encrypted else None,
            password=password if encrypted else None,
            authority=str(self.authority),
        )

    def write_settings(self, data: Path) -> None:
        """Write them as the file that a data directory has."""
        told = self.make_settings()
        names = ("host", "security", "sender", "user", "password", "authority")
        lines = [f'{name} = "{getattr(told, name)}"' for name in names if getattr(told, name)]
        (data / "mail.toml").write_text("\n".join([*lines, f"port = {told.port}"]))


def read_code(mail: EmailMessage) -> str:
    """Return the code in a mail."""
    found = CODE.search(mail.get_content())
    assert found, mail.get_content()
    return found[1]


@contextmanager
def open_post_office(folder: Path, security: Security) -> Iterator[PostOffice]:
    """Open an SMTP server that asks for a name and a password wherever the way is private."""
    office = PostOffice(find_port(), security, folder / "authority.pem")
    options: dict[str, Any] = {"authenticator": check_login, "auth_required": True}
    if security == Security.NONE:
        options = {}
    else:
        trusted = make_certificate(folder, office.authority)
        options["tls_context" if security == Security.STARTTLS else "ssl_context"] = trusted
    if security == Security.STARTTLS:
        options["require_starttls"] = True
    if security == Security.TLS:
        options["auth_require_tls"] = False  # it is private from its first byte on
    controller = Controller(office, hostname=HOST, port=office.port, **options)
    controller.start()
    try:
        yield office
    finally:
        controller.stop()


def check_login(_: Any, __: Any, ___: Any, ____: str, login: LoginPassword) -> AuthResult:
    """Let one name with its password in."""
    right = (login.login, login.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


def find_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def make_certificate(folder: Path, authority: Path) -> ssl.SSLContext:
    """Make a certificate for this machine that signs itself, and what shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "post office")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    authority.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file = folder / "key.pem"
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority, key_file)
    return context
