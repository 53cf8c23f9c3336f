"""Routes of one's own affairs: profile, password, e-mail, portrait."""

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from werkzeug.exceptions import RequestEntityTooLarge

from local_server import portraits
from local_server.answers import answer, reader_wording
from local_server.callers import Via
from local_server.code_mails import mail_code
from local_server.document import gives
from local_server.farm import codes, people, recovery
from local_server.farm.codes import Purpose
from local_server.farm.db import read_clock_ms
from local_server.farm.errors import Conflict, NotFound, Refused, Unfit
from local_server.farm.people import Person
from local_server.people_views import show_person
from local_server.routes.sessions import (
    NEW_PASSWORD_ERRORS,
    PROFILE_ERRORS,
)
from local_server.services import current_services, here
from local_server.shapes.people import PersonPath, PersonView, ProfileRequest
from local_server.shapes.sessions import CodeRequest, CodeSent, PasswordRequest
from sync.blobs import Digest

TAG = Tag(name="profile", description="One's own name, password, e-mail and picture")
ROUTES = APIBlueprint("profile", __name__, url_prefix="/api/v1", abp_tags=[TAG])


def find_self() -> Person:
    """Return who asks, as a person."""
    return people.get_person(here.reader, account=here.caller.account)


@ROUTES.get("/me", **gives(PersonView))
def get_profile() -> Response:
    """Tell who one is."""
    return answer(show_person(find_self(), whole=True))


@ROUTES.patch(
    "/me",
    **gives(
        PersonView,
        {
            403: "password_wrong",
            409: ("name_taken", "email_taken"),
            422: PROFILE_ERRORS,
            429: "too_often",
            503: "sign_in_busy",
        },
    ),
)
def edit_profile(body: ProfileRequest) -> Response:
    """Change one's name, e-mail or telephone number.

    An e-mail opens the account when the password is forgotten, so it is not changed by a token
    alone, which may be somebody else's for a quarter of an hour.
    """
    changes = body.model_dump(exclude_unset=True, exclude={"password"})
    person = find_self()
    if changes.get("email", person.email) != person.email:
        prove(person, body.password)
    person = here.writer.write(
        people.edit_profile, account=person.id, changes=changes, at_ms=read_clock_ms()
    )
    return answer(show_person(person, whole=True))


@ROUTES.put(
    "/me/password",
    **gives(
        None,
        {
            403: "password_wrong",
            422: (*NEW_PASSWORD_ERRORS, "password_same"),
            429: "too_often",
        },
        status=204,
    ),
)
def change_password(body: PasswordRequest) -> Response:
    """Change one's password; every other session ends.

    At the workstation itself the old one is not asked for: whoever has this launch's key may
    read the database as well.
    """
    person = find_self()
    prove(person, body.old_password)
    if person.password is not None and body.password == body.old_password:
        raise Unfit("password_same")
    hashed = here.passwords.hash(body.password, known=person.known)
    here.writer.write(
        people.change_password,
        account=person.id,
        password=hashed,
        but=here.caller.session,
        at_ms=read_clock_ms(),
    )
    return Response(status=204)


@ROUTES.post(
    "/me/email/code",
    **gives(
        CodeSent,
        {
            409: ("email_missing", "codes_too_many", "mail_not_set_up"),
            400: "mail_address_wrong",
            503: "mail_failed",
        },
        status=202,
    ),
)
def send_email_code() -> Response:
    """Have a code sent to one's e-mail, to show that it is one's own."""
    person = find_self()
    if person.email is None:
        raise Conflict("email_missing")
    noted = mail_code(
        current_services(),
        reader_wording(),
        person=person,
        email=person.email,
        purpose=Purpose.EMAIL,
        send=here.mailer.send,
    )
    if not noted:
        raise Conflict("codes_too_many", most=codes.PER_HOUR_MAX)
    return answer(CodeSent(mail=True), status=202)


@ROUTES.post("/me/email/verify", **gives(PersonView, {422: "code_wrong"}))
def verify_email(body: CodeRequest) -> Response:
    """Show by the code that came there that the e-mail is one's own."""
    if not here.writer.write(
        recovery.verify_email,
        account=here.caller.account,
        code_hash=here.tokens.hash_code(body.code),
        at_ms=read_clock_ms(),
    ):
        raise Unfit("code_wrong")
    return answer(show_person(find_self(), whole=True))


@ROUTES.put(
    "/me/avatar",
    **gives(
        PersonView,
        {422: ("portrait_too_large", "portrait_unreadable")},
        takes=("image/png", "image/jpeg", "image/webp"),
    ),
)
def set_avatar() -> Response:
    """Set one's picture: the body is a PNG, JPEG or WebP file, made square and small here."""
    picture = here.preparation.pool.apply(portraits.make_portrait, (read_picture(),))
    digest = here.preparation.pool.apply(here.blobs.add_bytes, (picture,))
    return keep_avatar(digest)


@ROUTES.delete("/me/avatar", **gives(PersonView))
def drop_avatar() -> Response:
    """Take one's picture away."""
    return keep_avatar(None)


@ROUTES.get(
    "/people/<person>/avatar",
    **gives("image/png", {404: ("no_portrait", "object_missing")}),
)
def get_avatar(path: PersonPath) -> Response:
    """Return a person's picture, a square PNG."""
    person = people.get_living(here.reader, account=path.person)
    if person.avatar is None:
        raise NotFound("no_portrait", person=person.id)
    response = Response(mimetype=portraits.MIME_TYPE)
    response.set_etag(person.avatar)
    response.headers["Cache-Control"] = "private, no-cache"
    if response.make_conditional(request).status_code != 304:
        response.data = here.preparation.pool.apply(here.blobs.read, (Digest(person.avatar),))
    return response


def prove(person: Person, password: str | None) -> None:
    """Have who is signed in show that they know the password. Raises Refused `password_wrong`.

    At the workstation itself nobody is asked.
    """
    if here.caller.via == Via.KEY:
        return
    here.limits.count("signin.name", person.name)
    if not here.passwords.check(password or "", person.password):
        raise Refused("password_wrong")
    here.limits.forgive("signin.name", person.name)


def keep_avatar(digest: str | None) -> Response:
    """Keep a picture's digest and return the person."""
    me = here.caller.account
    here.writer.write(people.set_avatar, account=me, avatar=digest, at_ms=read_clock_ms())
    return answer(show_person(find_self(), whole=True))


def read_picture() -> bytes:
    """Return the body, which may be larger than JSON ever is. Raises `portrait_too_large`."""
    request.max_content_length = portraits.BYTES_MAX
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise portraits.too_large() from error
