"""Routes of signing in: sessions, their tokens, and forgotten passwords."""

import gevent
from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag

from local_server.answers import answer, reader_wording
from local_server.code_mails import mail_code
from local_server.document import gives
from local_server.farm import people, recovery, sessions
from local_server.farm.codes import Purpose
from local_server.farm.db import read_clock_ms
from local_server.farm.errors import Unauthorized, Unfit
from local_server.farm.identifiers import make_id
from local_server.farm.people import Person
from local_server.farm.sessions import EndReason, Session
from local_server.people_views import show_person
from local_server.programs import name_program
from local_server.services import current_services, here
from local_server.shapes.sessions import (
    CodeSent,
    ForgottenRequest,
    RefreshRequest,
    ResetRequest,
    SessionList,
    SessionPath,
    SessionView,
    SignedIn,
    SignInRequest,
)
from local_server.tokens import hash_refresh, make_refresh

TAG = Tag(name="sign-in", description="Who you are: sessions, tokens, forgotten passwords")
AGENT_LETTERS_MAX = 200
NEW_PASSWORD_ERRORS = ("password_too_short", "password_too_long", "password_too_weak")
PROFILE_ERRORS = ("name_wrong", "phone_wrong")
ROUTES = APIBlueprint("sessions", __name__, url_prefix="/api/v1", abp_tags=[TAG])


@ROUTES.post(
    "/sessions",
    **gives(SignedIn, {401: "sign_in_wrong", 429: "too_often", 503: "sign_in_busy"}, status=201),
)
def sign_in(body: SignInRequest) -> Response:
    """Sign in by name or e-mail.

    An unknown name takes as long as a wrong password, and is told in the same words.
    """
    address = request.remote_addr or ""
    # First, so that who guessed too often keeps nobody else out by their name.
    here.limits.check("signin.address", address)
    # Counted before it is known to be wrong: many at once would all be let through.
    here.limits.count("signin.name", body.login)
    person = people.find_by_login(here.reader, login=body.login)
    right = here.passwords.check(body.password, person.password if person else None)
    if person is None or person.password is None or not right:
        here.limits.count("signin.address", address)
        raise Unauthorized("sign_in_wrong")
    here.limits.forgive("signin.name", body.login)
    token = make_refresh()
    session = here.writer.write(
        sessions.open_session,
        id=make_id(),
        account=person.id,
        password=person.password,
        token_hash=hash_refresh(token),
        device=clean(body.device),
        agent=clean(request.headers.get("User-Agent", ""))[:AGENT_LETTERS_MAX],
        at_ms=read_clock_ms(),
    )
    return answer(hand_tokens(session, person, token), status=201)


@ROUTES.post(
    "/tokens",
    **gives(SignedIn, {401: ("refresh_wrong", "session_copied", "session_ended")}),
)
def renew_tokens(body: RefreshRequest) -> Response:
    """Exchange a refresh token for the next one and a new access token.

    A refresh token that comes a second time was copied: the whole session ends.
    """
    token = make_refresh()
    session = here.writer.write(
        sessions.exchange_token,
        token_hash=hash_refresh(body.refresh_token),
        next_hash=hash_refresh(token),
        at_ms=read_clock_ms(),
    )
    if session.ended_at_ms is not None:
        raise Unauthorized(
            "session_copied" if session.end_reason == EndReason.REUSED else "session_ended"
        )
    person = people.get_person(here.reader, account=session.account)
    return answer(hand_tokens(session, person, token))


@ROUTES.get("/sessions", **gives(SessionList))
def list_sessions() -> Response:
    """List where one is signed in."""
    found = sessions.list_sessions(here.reader, account=here.caller.account, at_ms=read_clock_ms())
    return answer(SessionList(items=[show_session(one) for one in found]))


@ROUTES.delete("/sessions", **gives(None, status=204))
def sign_out_everywhere() -> Response:
    """Sign out everywhere, here too."""
    here.writer.write(
        sessions.end_sessions,
        account=here.caller.account,
        reason=EndReason.EVERYWHERE,
        at_ms=read_clock_ms(),
    )
    return Response(status=204)


@ROUTES.delete("/sessions/<session>", **gives(None, status=204))
def sign_out(path: SessionPath) -> Response:
    """End one session; its tokens are worth nothing from now on."""
    session = sessions.get_session(here.reader, session=path.session)
    own = session.account == here.caller.account
    here.writer.write(
        sessions.end_session,
        session=session.id,
        reason=EndReason.SIGNED_OUT if own else EndReason.BY_ADMIN,
        at_ms=read_clock_ms(),
    )
    return Response(status=204)


@ROUTES.post("/passwords/forgotten", **gives(CodeSent, {429: "too_often"}, status=202))
def forget_password(body: ForgottenRequest) -> Response:
    """Ask for a code by mail; the answer is the same whether or not there is such a person."""
    here.limits.count("code.address", request.remote_addr or "")
    person = people.find_by_login(here.reader, login=body.login)
    if person is not None and person.email is not None and here.mailer.is_set_up:
        gevent.spawn(  # how long it takes would tell that there is somebody
            mail_code,
            current_services(),
            reader_wording(),
            person=person,
            email=person.email,
            purpose=Purpose.PASSWORD,
            send=here.mailer.try_send,
        )
    return answer(CodeSent(mail=here.mailer.is_set_up), status=202)


@ROUTES.post(
    "/passwords/reset",
    **gives(
        None,
        {422: ("code_wrong", *NEW_PASSWORD_ERRORS), 429: "too_often", 503: "sign_in_busy"},
        status=204,
    ),
)
def reset_password(body: ResetRequest) -> Response:
    """Set a new password by a code; every session of the person ends."""
    here.limits.count("code.name", body.login)
    here.limits.count("code.address", request.remote_addr or "")
    person = people.find_by_login(here.reader, login=body.login)
    known = (body.login,) if person is None else person.known
    hashed = here.passwords.hash(body.password, known=known)
    done = person is not None and here.writer.write(
        recovery.reset_password,
        account=person.id,
        code_hash=here.tokens.hash_code(body.code),
        password=hashed,
        at_ms=read_clock_ms(),
    )
    if not done:
        raise Unfit("code_wrong")
    return Response(status=204)


def hand_tokens(session: Session, person: Person, refresh_token: str) -> SignedIn:
    """Return what whoever signed in gets."""
    access, expires_at_ms = here.tokens.make_access(
        account=person.id, session=session.id, at_ms=read_clock_ms()
    )
    return SignedIn(
        access_token=access,
        expires_at_ms=expires_at_ms,
        refresh_token=refresh_token,
        session=session.id,
        person=show_person(person, whole=True),
    )


def show_session(session: Session) -> SessionView:
    """Return a session as the interface shows it."""
    told = {"current", "program"}
    return SessionView(
        **{name: getattr(session, name) for name in SessionView.model_fields.keys() - told},
        program=name_program(session.agent, reader_wording()),
        current=session.id == here.caller.session,
    )


def clean(text: str) -> str:
    """Return text on one line with nothing invisible: it is shown in lists and logs."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
