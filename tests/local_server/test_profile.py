"""One's own affairs: fields one by one, and pictures that come from anywhere."""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from local_server import portraits
from local_server.farm.accounts import Role
from local_server.farm.errors import Unfit
from local_server.portraits import BYTES_MAX, PIXELS_MAX, SIDE_PIXELS, make_portrait
from sync.people import keep_field
from tests.local_server.cast import PASSWORD, Studio, assert_refused, open_studio

KNOWN = {"password": PASSWORD}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio of two artists, a producer and an admin."""
    names = ("owner", "another", "producer", "admin")
    with open_studio(tmp_path_factory.mktemp("profile"), *names) as studio:
        yield studio


@pytest.fixture(scope="module")
def me(studio: Studio) -> str:
    """The access token of an artist."""
    return studio.get_access("owner")


def draw(form: str, *, size: tuple[int, int] = (300, 200), **options: object) -> bytes:
    """Return a picture, red on the left and blue on the right."""
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (size[0] // 2, 0, *size))
    target = BytesIO()
    picture.save(target, form, **options)
    return target.getvalue()


def make_bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that claims to be of any size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def put_avatar(studio: Studio, me: str, data: bytes, kind: str = "image/png") -> TestResponse:
    """Send a picture."""
    return studio.call("PUT", "/me/avatar", me, data=data, headers={"Content-Type": kind})


def test_fields_are_changed_one_by_one(studio: Studio, me: str) -> None:
    changed = studio.call("PATCH", "/me", me, json={"phone": "+44 20 7946 0958"}).get_json()
    assert (changed["name"], changed["phone"], changed["email"]) == ("owner", "+442079460958", None)
    changed = studio.call("PATCH", "/me", me, json={"email": "o@studio.cn"} | KNOWN).get_json()
    assert (changed["phone"], changed["email"]) == ("+442079460958", "o@studio.cn")
    changed = studio.call("PATCH", "/me", me, json={"phone": None, "name": "Owner"}).get_json()
    assert (changed["name"], changed["phone"], changed["email"]) == ("Owner", None, "o@studio.cn")
    assert studio.call("PATCH", "/me", me, json={}).get_json() == changed
    assert studio.call("PATCH", "/me", me, json={"name": None}).get_json()["name"] == "Owner"


def test_an_email_that_stays_stays_verified(studio: Studio, me: str) -> None:
    studio.call("PATCH", "/me", me, json={"email": "o@studio.cn"} | KNOWN)
    studio.services.writer.run(
        lambda db: db.conn.execute(
            "UPDATE account SET email_verified_at_ms = 1 WHERE email = ?", ("o@studio.cn",)
        )
    )
    for email, verified in (("o@studio.cn", True), ("o2@studio.cn", False)):
        changed = studio.call("PATCH", "/me", me, json={"email": email} | KNOWN).get_json()
        assert changed["email_verified"] is verified


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"name": "another"}, "name_taken"),
        ({"name": ""}, "name_wrong"),
        ({"role": "admin"}, "invalid"),
        ({"level": "gold"}, "invalid"),
        ({"id": "me"}, "invalid"),
        ({"email": "x"}, "invalid"),
    ],
)
def test_nobody_raises_themselves(
    studio: Studio, me: str, asked: dict[str, str], code: str
) -> None:
    response = studio.call("PATCH", "/me", me, json=asked)
    assert response.get_json()["error"]["code"] == code
    shown = studio.call("GET", "/me", me).get_json()
    assert (shown["id"], shown["role"], shown["level"]) == ("owner", "artist", "standard")


def test_how_to_reach_people_is_told_to_few(studio: Studio, me: str) -> None:
    studio.call("PATCH", "/me", me, json={"email": "o@studio.cn", "phone": "13800138000"} | KNOWN)
    assert studio.call("GET", "/people/owner", me).get_json()["email"] == "o@studio.cn"
    admin, producer = studio.get_access("admin"), studio.get_access("producer")
    assert studio.call("GET", "/people/owner", admin).get_json()["phone"] == "+8613800138000"
    for shown in (
        studio.call("GET", "/people/owner", producer).get_json(),
        *studio.call("GET", "/people", producer).get_json()["items"],
    ):
        assert (shown["email"], shown["phone"]) == (None, None)
    another = studio.call("GET", "/people/owner", studio.get_access("another"))
    assert_refused(another, 404, "no_person")


def test_people_are_listed_in_pages(studio: Studio) -> None:
    admin, seen, cursor = studio.get_access("admin"), [], None
    while True:
        query = "?limit=2" + (f"&cursor={cursor}" if cursor else "")
        page = studio.call("GET", f"/people{query}", admin).get_json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == sorted(seen) and {"admin", "another", "me", "owner", "producer"} <= set(seen)


def test_a_token_alone_opens_no_other_way_in(studio: Studio, me: str) -> None:
    before = studio.call("GET", "/me", me).get_json()["email"]
    for known in ({}, {"password": "wrong"}, {"password": None}):
        response = studio.call("PATCH", "/me", me, json={"email": "thief@studio.cn"} | known)
        assert_refused(response, 403, "password_wrong")
    assert studio.call("GET", "/me", me).get_json()["email"] == before
    same = studio.call("PATCH", "/me", me, json={"email": before, "phone": None})
    assert same.status_code == 200, "nothing that needs it has changed"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_picture_becomes_a_square_of_ours(studio: Studio, me: str, form: str) -> None:
    assert put_avatar(studio, me, draw(form)).get_json()["has_avatar"]
    shown = studio.call("GET", "/people/owner/avatar", studio.get_access("another"))
    assert shown.headers["Content-Type"] == "image/png"
    assert "no-store" not in shown.headers["Cache-Control"]
    with Image.open(BytesIO(shown.data)) as picture:
        assert (picture.format, picture.size) == ("PNG", (SIDE_PIXELS, SIDE_PIXELS))
        red, blue = picture.getpixel((10, 10)), picture.getpixel((SIDE_PIXELS - 10, 10))
    assert isinstance(red, tuple) and isinstance(blue, tuple)
    assert red[0] > 200 > red[2] and blue[2] > 200 > blue[0]


def test_a_picture_that_is_known_is_not_sent_again(studio: Studio, me: str) -> None:
    put_avatar(studio, me, draw("PNG"))
    first = studio.call("GET", "/people/owner/avatar", me)
    known = {"If-None-Match": first.headers["ETag"]}
    again = studio.call("GET", "/people/owner/avatar", me, headers=known)
    assert (again.status_code, again.data) == (304, b"")
    put_avatar(studio, me, draw("PNG", size=(40, 80)))
    assert studio.call("GET", "/people/owner/avatar", me, headers=known).status_code == 200
    assert not studio.call("DELETE", "/me/avatar", me).get_json()["has_avatar"]
    assert_refused(studio.call("GET", "/people/owner/avatar", me), 404, "no_portrait")


def test_what_was_hidden_in_a_picture_is_gone(studio: Studio, me: str) -> None:
    hidden = Image.Exif()
    hidden[0x010E] = "taken at home"
    hidden[0x0112] = 6  # lies on its side
    data = draw("JPEG", exif=hidden.tobytes(), comment=b"swordfish") + b"PK\x03\x04 a zip behind it"
    put_avatar(studio, me, data)
    shown = studio.call("GET", "/people/owner/avatar", me).data
    for secret in (b"taken at home", b"swordfish", b"PK\x03\x04", b"Exif"):
        assert secret not in shown
    with Image.open(BytesIO(shown)) as picture:
        top = picture.getpixel((SIDE_PIXELS // 2, 10))
        assert not picture.getexif() and isinstance(top, tuple)
    assert top[0] > 200 > top[2], "it was turned upright"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "portrait_unreadable"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "portrait_unreadable"),
        (b"GIF89a" + bytes(100), "portrait_unreadable"),
        (draw("GIF"), "portrait_unreadable"),
        (draw("TIFF"), "portrait_unreadable"),
        (draw("PNG")[:100], "portrait_unreadable"),
        (draw("JPEG")[:300], "portrait_unreadable"),
        (make_bomb(100, 100), "portrait_unreadable"),
        (make_bomb(50_000, 50_000), "portrait_too_large"),
        (make_bomb(2**31 - 1, 2**31 - 1), "portrait_too_large"),
        (make_bomb(PIXELS_MAX + 1, 1), "portrait_too_large"),
        (make_bomb(0, 0), "portrait_unreadable"),
        (b"\x89PNG\r\n\x1a\n" + bytes(BYTES_MAX), "portrait_too_large"),
    ],
)
def test_pictures_that_are_none_or_bombs(studio: Studio, me: str, data: bytes, code: str) -> None:
    assert_refused(put_avatar(studio, me, data), 422, code)


def test_a_body_that_does_not_say_how_long_it_is(studio: Studio, me: str) -> None:
    response = studio.call(
        "PUT",
        "/me/avatar",
        me,
        input_stream=BytesIO(draw("PNG") + bytes(BYTES_MAX)),
        headers={"Transfer-Encoding": "chunked", "Content-Type": "image/png"},
    )
    assert response.status_code == 422


def test_a_bomb_that_pillow_itself_refuses_is_told_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(portraits, "PIXELS_MAX", 10**12)
    with pytest.raises(Unfit, match="portrait_too_large"):
        make_portrait(make_bomb(50_000, 50_000))


def test_only_ones_own_picture_is_changed(studio: Studio) -> None:
    studio.add_person("vain", Role.ARTIST)
    vain = studio.get_access("vain")
    put_avatar(studio, vain, draw("PNG"))
    for verb in ("PUT", "DELETE", "POST"):
        response = studio.call(verb, "/people/vain/avatar", studio.get_access("another"))
        assert_refused(response, 405, "method_not_allowed")


def test_what_a_profile_was_is_for_themselves_and_admins(studio: Studio, me: str) -> None:
    """As after an edit on another machine that lost; hashes of passwords are for nobody."""
    keep = studio.services.writer.write
    for field in ("phone", "password"):
        for value in ("before", "after"):
            keep(keep_field, account="owner", name=field, value=value, place=value, at_ms=7)
    for who in (me, studio.get_access("admin")):
        shown = studio.call("GET", "/people/owner/history", who).get_json()["items"]
        assert shown == [
            {"field": "password", "value": None, "at_ms": 7},
            {"field": "phone", "value": "before", "at_ms": 7},
        ]
    producer, another = studio.get_access("producer"), studio.get_access("another")
    assert_refused(studio.call("GET", "/people/owner/history", producer), 403, "not_yours")
    assert_refused(studio.call("GET", "/people/owner/history", another), 404, "no_person")
