"""Access tokens that are none: every way to forge one ends in the same refusal."""

import base64
import json
import string
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from local_server.farm.db import read_clock_ms
from local_server.farm.errors import Unauthorized
from local_server.tokens import ACCESS_MS, ALGORITHM, KIND, KNOWN_MAX, Tokens
from tests.local_server.cast import Studio, assert_refused, open_studio

HEADERS = {"typ": KIND}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio of two artists."""
    with open_studio(tmp_path_factory.mktemp("tokens"), "owner", "another") as studio:
        yield studio


@pytest.fixture(scope="module")
def claims(studio: Studio) -> dict[str, Any]:
    """What a good token of `owner`'s says."""
    token = studio.get_access("owner")
    told: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return told


def encode(part: dict[str, Any]) -> str:
    """Return a part of a token as it is written."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def test_a_good_token_is_let_in(studio: Studio, claims: dict[str, Any]) -> None:
    secret = studio.services.tokens.secret
    token = jwt.encode(claims, secret, ALGORITHM, headers=HEADERS)
    assert studio.call("GET", "/me", token).get_json()["id"] == "owner"


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "HS384", "HS512", "RS256", "", None])
def test_the_algorithm_is_not_the_tokens_to_choose(
    studio: Studio, claims: dict[str, Any], algorithm: str | None
) -> None:
    header = {"alg": algorithm, "typ": KIND}
    good = jwt.encode(claims, studio.services.tokens.secret, ALGORITHM, headers=HEADERS)
    for signature in ("", good.rpartition(".")[2]):
        token = f"{encode(header)}.{encode(claims)}.{signature}"
        assert_refused(studio.call("GET", "/me", token), 401, "token_wrong")


def test_other_algorithms_with_the_right_secret(studio: Studio, claims: dict[str, Any]) -> None:
    secret = studio.services.tokens.secret.ljust(64, b"\0")
    for algorithm in ("HS384", "HS512"):
        token = jwt.encode(claims, secret, algorithm, headers=HEADERS)
        assert_refused(studio.call("GET", "/me", token), 401, "token_wrong")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    token = jwt.encode(claims, key, "RS256", headers=HEADERS)
    assert_refused(studio.call("GET", "/me", token), 401, "token_wrong")


@pytest.mark.parametrize(
    "changed",
    [
        {"sub": "another"},
        {"sub": "me"},
        {"sid": "none"},
        {"sid": None},
        {"sid": 1},
        {"sid": ["x"]},
        {"sub": 1},
        {"aud": "another-studio"},
        {"aud": ["solo", "another-studio"]},
        {"iss": "another"},
        {"exp": "soon"},
        {"exp": None},
        {"iat": 2**40},
        {"nbf": 2**40},
    ],
)
def test_claims_that_are_not_ours(
    studio: Studio, claims: dict[str, Any], changed: dict[str, Any]
) -> None:
    token = jwt.encode(claims | changed, studio.services.tokens.secret, ALGORITHM, headers=HEADERS)
    assert_refused(studio.call("GET", "/me", token), 401, "token_wrong")


@pytest.mark.parametrize("missing", ["sub", "sid", "aud", "iss", "exp", "iat"])
def test_claims_that_are_missing(studio: Studio, claims: dict[str, Any], missing: str) -> None:
    less = {name: value for name, value in claims.items() if name != missing}
    token = jwt.encode(less, studio.services.tokens.secret, ALGORITHM, headers=HEADERS)
    assert_refused(studio.call("GET", "/me", token), 401, "token_wrong")


@pytest.mark.parametrize(
    "header", [{"typ": "JWT"}, {"typ": None}, {"typ": KIND, "crit": ["x"]}, {"kid": "../../key"}]
)
def test_headers_that_are_not_ours(
    studio: Studio, claims: dict[str, Any], header: dict[str, Any]
) -> None:
    secret = studio.services.tokens.secret
    if "kid" in header:  # it names a key, and we do not look: the kind is what is missing
        header = header | {"typ": "JWT"}
    token = jwt.encode(claims, secret, ALGORITHM, headers=header)
    assert_refused(studio.call("GET", "/me", token), 401, "token_wrong")


def test_the_secrets_of_others(studio: Studio, claims: dict[str, Any]) -> None:
    for secret in (b"s" * 32, studio.services.key.encode(), b"solo".ljust(32, b"\0")):
        token = jwt.encode(claims, secret, ALGORITHM, headers=HEADERS)
        assert_refused(studio.call("GET", "/me", token), 401, "token_wrong")


def test_a_token_runs_out_and_says_so(studio: Studio, claims: dict[str, Any]) -> None:
    past = {"iat": claims["iat"] - 3600, "exp": claims["iat"] - 1}
    token = jwt.encode(claims | past, studio.services.tokens.secret, ALGORITHM, headers=HEADERS)
    assert_refused(studio.call("GET", "/me", token), 401, "token_expired")


@pytest.mark.parametrize("credential", ["..", ". .", "a.b.c", "é.é.é", "." * 3, "x" * 9000, "\t"])
def test_what_is_no_token_at_all(studio: Studio, credential: str) -> None:
    headers = {"Authorization": f"Bearer {credential}".encode().decode("latin-1")}
    assert studio.call("GET", "/me", headers=headers).status_code == 401


def test_a_token_counts_in_its_header_only(studio: Studio) -> None:
    token = studio.get_access("owner")
    assert studio.call("GET", f"/me?access_token={token}").status_code == 401
    assert studio.call("GET", "/me", headers={"Cookie": f"token={token}"}).status_code == 401
    for scheme, status in (("Bearer", 200), ("bearer", 200), ("Basic", 401)):
        shown = {"Authorization": f"{scheme} {token}"}
        assert studio.call("GET", "/me", headers=shown).status_code == status


def test_the_secret_stays_with_its_data_directory(studio: Studio) -> None:
    path = studio.services.settings.data / "token.key"
    assert bytes.fromhex(path.read_text()) == studio.services.tokens.secret
    assert path.stat().st_mode & 0o077 == 0 and len(studio.services.tokens.secret) == 32


@settings(max_examples=200, deadline=None)
@given(where=st.floats(0, 0.999), letter=st.sampled_from(string.printable))
def test_one_changed_letter_is_enough(where: float, letter: str) -> None:
    tokens, now = Tokens(b"s" * 32, studio="solo"), read_clock_ms()
    token, _ = tokens.make_access(account="owner", session="session", at_ms=now)
    place = int(where * len(token))
    forged = token[:place] + letter + token[place + 1 :]
    try:
        claims = tokens.read_access(forged, at_ms=now)
    except Unauthorized:
        return
    # The last letter of base64 has bits to spare: the signature may be the same one after all.
    assert (claims.account, claims.session) == ("owner", "session")
    assert forged == token or place == len(token) - 1


def test_a_token_lasts_a_quarter_of_an_hour_and_no_longer() -> None:
    tokens, now = Tokens(b"s" * 32, studio="solo"), read_clock_ms()
    token, ends = tokens.make_access(account="owner", session="session", at_ms=now)
    assert ends == now // 1000 * 1000 + ACCESS_MS
    for _ in range(2):  # the second time it is known
        assert tokens.read_access(token, at_ms=ends - 1).account == "owner"
    with pytest.raises(Unauthorized, match="token_expired"):
        tokens.read_access(token, at_ms=ends)


def test_what_is_known_of_tokens_has_an_end() -> None:
    tokens, now = Tokens(b"s" * 32, studio="solo"), read_clock_ms()
    for number in range(KNOWN_MAX + 10):
        token, _ = tokens.make_access(account="owner", session=str(number), at_ms=now)
        assert tokens.read_access(token, at_ms=now).session == str(number)
    assert 0 < len(tokens.known) <= KNOWN_MAX
