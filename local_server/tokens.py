"""Tokens: the short-lived signed one that a request carries, and the secret that signs it."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path

import jwt

from local_server.farm.errors import Unauthorized
from local_server.farm.identifiers import make_id
from local_server.settings import read_or_make

ALGORITHM = "HS256"
ISSUER = "yuntu"
KIND = "at+jwt"  # RFC 9068: what is no access token is never taken for one
ACCESS_MS = 15 * 60_000
CLAIMS = ("iss", "aud", "sub", "sid", "iat", "exp")
TOKEN_LETTERS_MAX = 2_000
KNOWN_MAX = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Claims:
    """What an access token says: whose it is, by which session, and until when."""

    account: str
    session: str
    ends_at_ms: int


class Tokens:
    """Makes and reads one studio's tokens with one data directory's secret."""

    def __init__(self, secret: bytes, *, studio: str) -> None:
        self.secret = secret
        self.studio = studio
        self.known: dict[str, Claims] = {}

    def make_access(self, *, account: str, session: str, at_ms: int) -> tuple[str, int]:
        """Return an access token, and when it runs out in milliseconds since the epoch."""
        began = at_ms // 1000
        ends = began + ACCESS_MS // 1000
        claims = {
            "iss": ISSUER,
            "aud": self.studio,
            "sub": account,
            "sid": session,
            "iat": began,
            "exp": ends,
        }
        token = jwt.encode(claims, self.secret, algorithm=ALGORITHM, headers={"typ": KIND})
        return token, ends * 1000

    def read_access(self, token: str, *, at_ms: int) -> Claims:
        """Return what a token says. Raises Unauthorized `token_expired` and `token_wrong`.

        A client shows the same token all day: what was found good is not verified again, and only
        looked at whether it has run out.
        """
        claims = self.known.get(token)
        if claims is None:
            claims = self.verify_access(token)
            if len(self.known) >= KNOWN_MAX:
                self.known.clear()
            self.known[token] = claims
        if claims.ends_at_ms <= at_ms:
            raise Unauthorized("token_expired")
        return claims

    def verify_access(self, token: str) -> Claims:
        """Return what a token says that is ours. Raises as `read_access` does."""
        if len(token) > TOKEN_LETTERS_MAX:
            raise Unauthorized("token_wrong")
        try:
            # The algorithm is ours to say, never the token's: `none` and public keys end here.
            told = jwt.decode_complete(
                token,
                self.secret,
                algorithms=[ALGORITHM],
                audience=self.studio,
                issuer=ISSUER,
                options={"require": list(CLAIMS), "strict_aud": True},
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthorized("token_expired") from error
        except (jwt.InvalidTokenError, ValueError) as error:
            raise Unauthorized("token_wrong") from error
        said, session = told["payload"], told["payload"]["sid"]
        if told["header"].get("typ") != KIND or not isinstance(session, str):
            raise Unauthorized("token_wrong")
        return Claims(account=said["sub"], session=session, ends_at_ms=int(said["exp"]) * 1000)

    def hash_code(self, code: str) -> str:
        """Return what is kept of a one-time code.

        It is short: without a key that is not in the database, a thief of that would try them all.
        """
        typed = "".join(code.split()).replace("-", "").lower()
        return hmac.new(self.secret, f"code:{typed}".encode(), hashlib.sha256).hexdigest()


def make_code() -> str:
    """Return a one-time code: eight letters that are told apart when read aloud."""
    letters = make_id()
    return f"{letters[:4]}-{letters[4:]}"


def make_refresh() -> str:
    """Return a new refresh token: 256 random bits, which say nothing by themselves."""
    return secrets.token_urlsafe(32)


def hash_refresh(token: str) -> str:
    """Return what is kept of a refresh token; so many random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_token_secret(data: Path) -> bytes:
    """Return the key that signs a data directory's tokens, made once."""
    return bytes.fromhex(read_or_make(data / "token.key", secrets.token_hex(32)))
