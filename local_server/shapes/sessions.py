"""Sessions, passwords and codes, as they are asked for and shown."""

from pydantic import Field

from local_server.passwords import LETTERS_MAX
from local_server.shapes.people import PersonView
from local_server.shapes.shape import Body, Shape, show

LOGIN_MAX = 320
CODE_MAX = 40


class SessionPath(Shape):
    """A session in the address."""

    session: str = Field(description="The session's id", max_length=64)


class SignInRequest(Body):
    """Who signs in, and on what."""

    model_config = show({"login": "Lin", "password": "sunlit-kiln-42", "device": "workstation 3"})

    login: str = Field(description="Name or e-mail", max_length=LOGIN_MAX)
    password: str = Field(description="The password", max_length=LETTERS_MAX)
    device: str = Field("", description="What the device is called, for the list", max_length=100)


class RefreshRequest(Body):
    """A refresh token, to be exchanged for the next one."""

    model_config = show({"refresh_token": "k4Vd0yP7tq2mXn9sL1bR"})

    refresh_token: str = Field(description="The latest one; it is used up", max_length=200)


class SessionView(Shape):
    """A session that goes on."""

    id: str = Field(description="The session's id", examples=["5b1f7c2e"])
    device: str = Field(description="What the device called itself")
    agent: str = Field(description="What the program that signed in said of itself")
    program: str = Field(description="What people call that program", examples=["Firefox"])
    created_at_ms: int = Field(description="When it began")
    used_at_ms: int = Field(description="When its tokens were last renewed")
    expires_at_ms: int = Field(description="When it ends if nobody uses it")
    current: bool = Field(description="Whether this request is from it")


class SessionList(Shape):
    """A person's sessions, the latest used first."""

    items: list[SessionView] = Field(description="The sessions")


class SignedIn(Shape):
    """Tokens: one for requests, one to get the next two."""

    access_token: str = Field(description="For `Authorization: Bearer`, a quarter of an hour")
    expires_at_ms: int = Field(description="When the access token runs out")
    refresh_token: str = Field(description="Works once, for thirty days")
    session: str = Field(description="The session's id")
    person: PersonView = Field(description="Who signed in")


class PasswordRequest(Body):
    """A new password."""

    model_config = show({"old_password": "sunlit-kiln-42", "password": "moonlit-kiln-43"})

    old_password: str | None = Field(
        None,
        description="The one so far; not needed at the workstation itself",
        max_length=LETTERS_MAX,
    )
    password: str = Field(description="The new one", max_length=LETTERS_MAX)


class ForgottenRequest(Body):
    """Whose password is forgotten."""

    model_config = show({"login": "Lin"})

    login: str = Field(description="Name or e-mail", max_length=LOGIN_MAX)


class ResetRequest(Body):
    """A code in place of a forgotten password."""

    model_config = show({"login": "Lin", "code": "abcd-efgh", "password": "moonlit-kiln-43"})

    login: str = Field(description="Name or e-mail", max_length=LOGIN_MAX)
    code: str = Field(description="The one-time code", max_length=CODE_MAX)
    password: str = Field(description="The new password", max_length=LETTERS_MAX)


class CodeRequest(Body):
    """A code that came by mail."""

    model_config = show({"code": "abcd-efgh"})

    code: str = Field(description="The one-time code", max_length=CODE_MAX)


class CodeSent(Shape):
    """Whether codes go out by mail here; it does not tell who has an account."""

    mail: bool = Field(description="False: ask an admin for a code")
