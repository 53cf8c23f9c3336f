"""People, as they are asked for and shown: accounts, profiles, ranks, rules and deeds."""

from typing import Any

from email_validator import SPECIAL_USE_DOMAIN_NAMES
from pydantic import EmailStr, Field

from local_server.farm.accounts import Role
from local_server.passwords import LETTERS_MAX
from local_server.shapes.shape import WHOLE_ID, Body, Page, PageQuery, Shape, show

NAME = "What people call them and they sign in by; no `@` in it"
PHONE = "Telephone number; without `+` and country a Chinese one"
TEXT_MAX = 200
# Told to readers of the document: to these names no mail can be sent, and pydantic refuses them.
MAILABLE: dict[str, Any] = {"pattern": rf"^(?!.*[@.]({'|'.join(SPECIAL_USE_DOMAIN_NAMES)})$)"}


class PersonPath(Shape):
    """A person in the address."""

    person: str = Field(description="The person's id", max_length=64)


class SignUpRequest(Body):
    """An account to be made."""

    model_config = show(
        {"name": "Lin", "password": "sunlit-kiln-42", "email": "lin@studio.example"}
    )

    id: str | None = Field(
        None, description="Made by the client, so that a retry is noticed", pattern=WHOLE_ID
    )
    name: str = Field(description=NAME, max_length=TEXT_MAX)
    password: str = Field(
        description="Eight letters or more, hard to guess", max_length=LETTERS_MAX
    )
    email: EmailStr | None = Field(
        None, description="To sign in by and to get codes", json_schema_extra=MAILABLE
    )
    phone: str | None = Field(None, description=PHONE, max_length=TEXT_MAX)


class ProfileRequest(Body):
    """What is to be changed of one's profile; what is left out stays, null takes it away."""

    model_config = show({"phone": "+86 138 0013 8000"})

    name: str | None = Field(None, description=f"{NAME}; it cannot be taken away", max_length=200)
    email: EmailStr | None = Field(
        None, description="A new one has to be verified again", json_schema_extra=MAILABLE
    )
    phone: str | None = Field(None, description=PHONE, max_length=TEXT_MAX)
    password: str | None = Field(
        None,
        description="The password, where the e-mail changes; not needed at the workstation itself",
        max_length=LETTERS_MAX,
    )


class PersonView(Shape):
    """A person. `email` and `phone` are null for those whose business they are not."""

    id: str = Field(description="The person's id, the owner of their jobs", examples=["lin-mei"])
    name: str = Field(description=NAME, examples=["Lin Mei"])
    role: Role = Field(description="What they may do beyond their own things")
    level: str = Field(description="Membership level: discount, frames side by side, priority")
    email: str | None = Field(description="E-mail")
    email_verified: bool = Field(description="Whether a code sent there has come back")
    phone: str | None = Field(description="Telephone number, as E.164")
    has_password: bool = Field(description="Whether they can sign in")
    has_avatar: bool = Field(description="Whether there is a picture of them")
    created_at_ms: int = Field(description="When the account was made")
    removed_at_ms: int | None = Field(
        description="When it was removed, null while it stands", examples=[None]
    )


class ReplacedView(Shape):
    """What a field of somebody's profile was before another edit took its place."""

    field: str = Field(
        description="Which: `name`, `email`, `phone`, `password`, `avatar`, `role`, `level` or"
        " `removed_at_ms`"
    )
    value: str | int | None = Field(
        description="What it was, null for nothing; of a password never, of a picture the SHA-256"
    )
    at_ms: int | None = Field(
        description="When the edit was handed in that took its place, in ms since 1970; null: by a"
        " version of this program that did not note it"
    )


class ReplacedList(Shape):
    """What somebody's profile was, the latest change first, two hundred at most."""

    items: list[ReplacedView] = Field(description="The fields")


class PeopleQuery(PageQuery):
    """Which people to list."""

    cursor: str | None = Field(None, description="`next` of the page before", min_length=1)
    removed: bool = Field(False, description="Also those who were removed")


class PeoplePage(Page):
    """A page of people, by name."""

    items: list[PersonView] = Field(description="The people")


class RankRequest(Body):
    """What is to be changed of a person's standing; what is left out stays."""

    model_config = show({"role": "producer"})

    role: Role | None = Field(None, strict=False, description="Their role from now on")
    level: str | None = Field(None, description="Their membership level from now on", max_length=64)


class CodeView(Shape):
    """A one-time code, shown this once."""

    code: str = Field(
        description="What the person types: for a new password, or to verify",
        examples=["K7QF-2MXD"],
    )
    expires_at_ms: int = Field(description="Until when it can be used")


class RulesView(Shape):
    """How people use this machine."""

    shared: bool = Field(description="Several people use it, so each has to sign in")
    sign_up: bool = Field(description="Whoever wants to may make an account")
    mail: bool = Field(description="Codes can be sent by mail; else an admin hands them out")
    studio: str = Field(description="The studio that tokens are for")


class RulesRequest(Body):
    """Rules to be changed; what is left out stays."""

    model_config = show({"shared": True})

    shared: bool | None = Field(None, description="Several people use this machine")
    sign_up: bool | None = Field(None, description="Whoever wants to may make an account")


class DeedQuery(PageQuery):
    """Which deeds to list."""

    actor: str | None = Field(
        None, description="Only those of this person", min_length=1, max_length=64
    )
    subject: str | None = Field(
        None, description="Only those done to this", min_length=1, max_length=64
    )
    action: str | None = Field(
        None, description="Only this, such as `POST /topups`", min_length=1, max_length=200
    )


class DeedView(Shape):
    """Something that was done by role."""

    id: int = Field(description="Grows with time")
    at_ms: int = Field(description="When")
    actor: str = Field(description="Who did it")
    actor_name: str = Field(description="What they are called now")
    role: str = Field(description="The role that allowed it")
    via: str = Field(description="`token`: signed in; `key`: at the workstation itself")
    action: str = Field(description="The verb and route; programs go by it")
    title: str = Field(description="What was done, in words", examples=["Removed a person"])
    subject: str | None = Field(description="The id of what it was done to")
    asked: dict[str, Any] = Field(
        description="What was asked, without secrets", examples=[{"role": "producer"}]
    )
    before: dict[str, Any] | None = Field(
        description="How it stood before", examples=[{"role": "artist"}]
    )
    after: dict[str, Any] | None = Field(
        description="How it stood afterwards", examples=[{"role": "producer"}]
    )


class DeedPage(Page):
    """A page of deeds, newest first."""

    items: list[DeedView] = Field(description="The deeds")
