"""The one family of errors: a code, the numbers it speaks of, and an HTTP status."""

from typing import ClassVar


class YuntuError(Exception):
    """Something the world did, told by a code and named parameters.

    The words live in `resources/messages`, one table per code and language, so that the same
    error reads right in a terminal, a window and an HTTP answer.
    """

    status: ClassVar[int] = 500

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(f"{code} {params}" if params else code)
        self.code = code
        self.params = params


class BadInput(YuntuError):
    """What was asked cannot be understood or is not allowed; asking again will not help."""

    status = 400


class Unauthorized(YuntuError):
    """Whoever asks has not shown who they are."""

    status = 401


class NoFunds(YuntuError):
    """The account has too little money for what was asked."""

    status = 402


class Refused(YuntuError):
    """The caller may not do this."""

    status = 403


class NotFound(YuntuError):
    """What was asked for is not here."""

    status = 404


class Conflict(YuntuError):
    """What was asked contradicts what already stands."""

    status = 409


class Unreadable(YuntuError):
    """What was sent is of a kind that is not read here."""

    status = 415


class Unfit(YuntuError):
    """What was asked is understood, but does not fit what it is asked of."""

    status = 422


class TooOften(YuntuError):
    """It was asked too often; `retry_after_s` says when to come again."""

    status = 429


class Unavailable(YuntuError):
    """It cannot be done now; the reason may pass."""

    status = 503
