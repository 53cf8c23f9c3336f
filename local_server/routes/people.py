"""Routes of people: signing up, and what admins do: roles, levels, codes, rules, the trail."""

import re
from dataclasses import asdict

from flask import Response, g, request
from flask_openapi3 import APIBlueprint, Tag

from local_server.answers import answer, reader_wording
from local_server.document import gives
from local_server.farm import codes, deeds, people, rules, sessions
from local_server.farm.codes import Purpose
from local_server.farm.db import read_clock_ms
from local_server.farm.errors import Conflict, Refused, Unfit
from local_server.farm.identifiers import make_id
from local_server.farm.people import Person
from local_server.farm.people_tables import fold_name
from local_server.farm.rules import read_rules
from local_server.farm.sessions import EndReason
from local_server.people_views import show_person
from local_server.routes.arguments import parse_cursor
from local_server.routes.sessions import NEW_PASSWORD_ERRORS, PROFILE_ERRORS
from local_server.services import here
from local_server.shapes.people import (
    CodeView,
    DeedPage,
    DeedQuery,
    DeedView,
    PeoplePage,
    PeopleQuery,
    PersonPath,
    PersonView,
    RankRequest,
    ReplacedList,
    ReplacedView,
    RulesRequest,
    RulesView,
    SignUpRequest,
)
from local_server.tokens import make_code
from local_server.wording import Wording
from sync.people import list_replaced

NO_LETTERS = re.compile(r"[^A-Za-z]+")
TAG = Tag(name="people", description="Who is in the studio, and who may do what")
ROUTES = APIBlueprint("people", __name__, url_prefix="/api/v1", abp_tags=[TAG])


@ROUTES.post(
    "/people",
    **gives(
        PersonView,
        {
            403: "sign_up_closed",
            409: ("account_exists", "name_taken", "email_taken"),
            422: (*NEW_PASSWORD_ERRORS, *PROFILE_ERRORS),
            429: "too_often",
            503: "sign_in_busy",
        },
        status=201,
    ),
)
def sign_up(body: SignUpRequest) -> Response:
    """Make an account; where signing up is closed, only admins do."""
    caller = here.find_caller()
    by_admin = caller is not None and caller.is_admin
    if not by_admin and not read_rules(here.reader).sign_up:
        raise Refused("sign_up_closed")
    if not by_admin:
        here.limits.count("signup.address", request.remote_addr or "")
    id = body.id or make_id()
    standing = people.find_person(here.reader, account=id)
    if standing is not None and is_repeated(standing, body):
        return answer(show_person(standing, whole=True), status=201)
    hashed = here.passwords.hash(body.password, known=(body.name, body.email, body.phone))
    if by_admin:
        g.beyond_own = ("person", id)
    person = here.writer.write(
        people.sign_up,
        id=id,
        name=body.name,
        password=hashed,
        email=body.email,
        phone=body.phone,
        at_ms=read_clock_ms(),
    )
    return answer(show_person(person, whole=True), status=201)


def is_repeated(standing: Person, body: SignUpRequest) -> bool:
    """Tell whether an account was made by this very request, whose answer was lost."""
    same = standing.removed_at_ms is None and fold_name(standing.name) == fold_name(body.name)
    return same and here.passwords.check(body.password, standing.password)


@ROUTES.get("/people", **gives(PeoplePage))
def list_people(query: PeopleQuery) -> Response:
    """List people by name; how to reach them is told to admins."""
    found = people.list_people(
        here.reader, after=query.cursor or "", removed=query.removed, limit=query.limit
    )
    shown = [show_person(one, whole=here.caller.is_admin) for one in found]
    full = len(found) == query.limit
    return answer(PeoplePage(items=shown, next=fold_name(found[-1].name) if full else None))


@ROUTES.get("/people/<person>", **gives(PersonView))
def get_person(path: PersonPath) -> Response:
    """Look at one person; how to reach them is told to themselves and admins."""
    person = people.get_person(here.reader, account=path.person)
    whole = here.caller.is_admin or here.caller.account == person.id
    return answer(show_person(person, whole=whole))


@ROUTES.get("/people/<person>/history", **gives(ReplacedList))
def list_history(path: PersonPath) -> Response:
    """List what a person's profile was, such as by an edit on another machine that lost."""
    items = [ReplacedView(**asdict(one)) for one in list_replaced(here.reader, account=path.person)]
    return answer(ReplacedList(items=items))


@ROUTES.patch(
    "/people/<person>",
    **gives(PersonView, {409: ("last_admin", "owner_stays"), 422: "level_unknown"}),
)
def change_rank(path: PersonPath, body: RankRequest) -> Response:
    """Give a person another role or membership level; it counts from their next request on."""
    if body.level is not None and body.level not in here.submission.book.levels:
        raise Unfit("level_unknown", level=body.level, known=", ".join(here.submission.book.levels))
    person = here.writer.write(
        people.change_rank,
        account=path.person,
        role=body.role,
        level=body.level,
        at_ms=read_clock_ms(),
    )
    return answer(show_person(person, whole=True))


@ROUTES.delete("/people/<person>", **gives(None, {409: ("last_admin", "owner_stays")}, status=204))
def remove_person(path: PersonPath) -> Response:
    """Remove a person: their sessions end at once, their jobs and bills stay."""
    here.writer.write(
        people.remove_person, account=path.person, keeper=here.card.owner, at_ms=read_clock_ms()
    )
    return Response(status=204)


@ROUTES.post("/people/<person>/code", **gives(CodeView, {409: "codes_too_many"}, status=201))
def hand_code(path: PersonPath) -> Response:
    """Make a one-time code with which a person who forgot the password sets a new one."""
    return make_handed(people.get_living(here.reader, account=path.person), Purpose.PASSWORD)


@ROUTES.post(
    "/people/<person>/email/code",
    **gives(CodeView, {409: ("codes_too_many", "email_missing")}, status=201),
)
def hand_email_code(path: PersonPath) -> Response:
    """Make a one-time code with which a person shows that the e-mail they have now is theirs."""
    person = people.get_living(here.reader, account=path.person)
    if person.email is None:
        raise Conflict("email_missing")
    return make_handed(person, Purpose.EMAIL)


def make_handed(person: Person, purpose: Purpose) -> Response:
    """Return a new code for an admin to hand on; it takes the place of the one before."""
    code, now = make_code(), read_clock_ms()
    noted = here.writer.write(
        codes.add_code,
        account=person.id,
        purpose=purpose,
        code_hash=here.tokens.hash_code(code),
        email=person.email,
        lasts_ms=codes.HANDED_MS,
        at_ms=now,
    )
    if not noted:
        raise Conflict("codes_too_many", most=codes.PER_HOUR_MAX)
    shown = CodeView(code=code, expires_at_ms=now + codes.HANDED_MS)
    return answer(shown, status=201, secret=True)


@ROUTES.delete("/people/<person>/sessions", **gives(None, status=204))
def end_sessions(path: PersonPath) -> Response:
    """Sign a person out everywhere."""
    person = people.get_living(here.reader, account=path.person)
    here.writer.write(
        sessions.end_sessions,
        account=person.id,
        reason=EndReason.BY_ADMIN,
        at_ms=read_clock_ms(),
    )
    return Response(status=204)


@ROUTES.get("/rules", **gives(RulesView))
def get_rules() -> Response:
    """Tell how people use this machine, before anybody has signed in."""
    return answer(show_rules())


@ROUTES.patch("/rules", **gives(RulesView, {409: "admin_needs_password"}))
def change_rules(body: RulesRequest) -> Response:
    """Change how people use this machine."""
    if body.shared and people.count_admins(here.reader) == 0:
        raise Conflict("admin_needs_password")
    here.writer.write(rules.change_rules, shared=body.shared, sign_up=body.sign_up)
    return answer(show_rules())


@ROUTES.get("/deeds", **gives(DeedPage, {422: "cursor_wrong"}))
def list_deeds(query: DeedQuery) -> Response:
    """List what was done by role: by whom, to what, when, and what it was before and after."""
    found = deeds.list_deeds(
        here.reader,
        before=parse_cursor(query.cursor),
        actor=query.actor,
        subject=query.subject,
        action=query.action,
        limit=query.limit,
    )
    full = len(found) == query.limit
    wording = reader_wording()
    items = [DeedView(**one, title=name_deed(one["action"], wording)) for one in found]
    return answer(DeedPage(items=items, next=str(found[-1]["id"]) if full else None))


def name_deed(action: str, wording: Wording) -> str:
    """Return what was done, in words; of a route that is gone, the route."""
    code = f"deed_{NO_LETTERS.sub('_', action).strip('_').lower()}"
    return wording.say(code).title if code in wording.tables else action


def show_rules() -> RulesView:
    """Return the rules as the interface shows them."""
    now = read_rules(here.reader)
    return RulesView(
        shared=now.shared,
        sign_up=now.sign_up,
        mail=here.mailer.is_set_up,
        studio=here.card.studio,
    )
