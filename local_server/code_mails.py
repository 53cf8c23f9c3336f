"""Mails with one-time codes: a code is noted and sent, or neither."""

from collections.abc import Callable

from local_server.farm import codes
from local_server.farm.codes import Purpose
from local_server.farm.db import read_clock_ms
from local_server.farm.people import Person
from local_server.services import Services
from local_server.tokens import make_code
from local_server.wording import Wording


def mail_code(
    services: Services,
    wording: Wording,
    *,
    person: Person,
    email: str,
    purpose: Purpose,
    send: Callable[..., None],
) -> bool:
    """Note a new code and mail it; it takes the place of the one before.

    False, and nothing is sent, when there were too many codes in the last hour. Raises what `send`
    raises.
    """
    code = make_code()
    noted = services.writer.write(
        codes.add_code,
        account=person.id,
        purpose=purpose,
        code_hash=services.tokens.hash_code(code),
        email=email,
        lasts_ms=codes.SENT_MS,
        at_ms=read_clock_ms(),
    )
    if noted:
        minutes = codes.SENT_MS // 60_000
        words = wording.say(f"mail_{purpose}", name=person.name, typed=code, minutes=minutes)
        send(to=email, subject=words.title, text=words.detail)
    return noted
