"""Manifests: one form for one content, and no path that leaves its folder."""

import json
import ntpath
import posixpath
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_server.farm.errors import BadInput
from sync.blobs import Digest, digest_bytes
from sync.manifest import (
    Entry,
    Manifest,
    build_manifest,
    check_distinct,
    check_path,
    fold_path,
    parse_manifest,
)

HASH = Digest("ab" * 32)
SAFE = ["scene.blend", "textures/木纹.png", ".hidden/x", "a b/c..d/e.", "x/_outside_project/1/y"]
UNSAFE = [
    "",
    ".",
    "..",
    "/",
    "/etc/passwd",
    "//server/share",
    "a/",
    "a//b",
    "./a",
    "a/./b",
    "../a",
    "a/../b",
    "a/..",
    "a/.. /b",
    "a/.../b",
    "a/ /b",
    r"..\a",
    r"a\b",
    r"\\server\share",
    "C:/a",
    "C:a",
    "a:stream",
    "a\x00b",
    "a\nb",
    "a\x7f",
    "\ud800",
    "x" * 256,
    "木" * 86,
    "/".join(["x" * 200] * 6),
]

# What people would write to get out, mixed with what they would not.
PIECES = st.sampled_from(
    ["..", ".", "", "a", "B", " ", "\\", "/", ":", "C:", "..\\", "ß", "é", "e\u0301"]
)
PATHS = (
    st.text(max_size=30)
    | st.lists(PIECES, max_size=8).map("/".join)
    | st.lists(PIECES).map("".join)
)
SAFE_NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\:"),
    min_size=1,
    max_size=20,
).filter(lambda name: name.strip(" ."))
SAFE_PATHS = st.lists(SAFE_NAMES, min_size=1, max_size=4).map("/".join)
ENTRIES = st.builds(
    Entry,
    path=SAFE_PATHS,
    sha256=st.binary(min_size=32, max_size=32).map(lambda raw: Digest(raw.hex())),
    size=st.integers(min_value=0, max_value=2**30),
    mode=st.sampled_from([0o644, 0o755]),
)


def entry(path: str, **changes: Any) -> Entry:
    return replace(Entry(path=path, sha256=HASH, size=1), **changes)


@given(PATHS)
def test_a_path_that_passes_stays_inside_on_every_system(path: str) -> None:
    try:
        check_path(path)
    except BadInput:
        return
    assert posixpath.normpath(path) == path
    for flavour, root in ((posixpath, "/cache/pack"), (ntpath, r"C:\cache\pack")):
        joined = flavour.normpath(flavour.join(root, path))
        assert joined.startswith(root + flavour.sep)
        assert not flavour.splitdrive(path)[0]
    # Windows drops dots and spaces at the end of a name: nothing may become `..` by that.
    assert all(name.rstrip(" .") not in {"", ".", ".."} for name in path.split("/"))


@pytest.mark.parametrize("path", SAFE)
def test_safe_paths_pass(path: str) -> None:
    assert check_path(path) == path


@pytest.mark.parametrize("path", UNSAFE, ids=ascii)
def test_unsafe_paths_are_refused(path: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_path(path)
    assert caught.value.code == "package_path_unsafe"
    json.dumps(caught.value.params, ensure_ascii=False).encode()
    with pytest.raises(BadInput):
        build_manifest([entry(path)], path)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.png", "a.png"),
        ("a.png", "A.PNG"),
        ("é.png", "e\u0301.png"),
        ("a", "a. "),
        ("a/b", "a/b."),
        ("a", "a/b"),
        ("A/b/c", "a/B"),
        ("a /b", "A/b"),
    ],
)
def test_paths_that_are_one_somewhere_are_refused(one: str, other: str) -> None:
    for paths in ([one, other], [other, one]):
        with pytest.raises(BadInput) as caught:
            check_distinct(paths)
        assert caught.value.code == "package_path_twice"
        with pytest.raises(BadInput):
            build_manifest([entry(path) for path in paths], one)


@given(st.lists(ENTRIES, max_size=8), st.randoms())
def test_one_content_has_one_form(entries: list[Entry], random: Any) -> None:
    entries = [entry("scene"), *entries]
    try:
        manifest = build_manifest(entries, "scene")
    except BadInput:
        with pytest.raises(BadInput):
            check_distinct([each.path for each in entries])
        return
    random.shuffle(entries)
    again = build_manifest(entries, "scene")
    assert again == manifest
    assert again.digest == manifest.digest == digest_bytes(manifest.to_bytes())
    assert parse_manifest(manifest.to_bytes()) == manifest
    assert manifest.size_bytes == sum(each.size for each in entries)
    assert len({fold_path(each.path) for each in manifest.entries}) == len(entries)


def test_the_form_is_fixed() -> None:
    """Packages of years ago are named by it: this test may not change."""
    manifest = build_manifest([entry("texture/木.png", size=5), entry("a.blend")], "a.blend")
    assert manifest.to_bytes().decode() == (
        '{"entries":[{"mode":420,"path":"a.blend","sha256":"' + HASH + '","size":1},'
        '{"mode":420,"path":"texture/木.png","sha256":"' + HASH + '","size":5}],'
        '"scene":"a.blend","version":1}'
    )


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_noise_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        parse_manifest(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.fixed_dictionaries({"entries": JSON | st.lists(JSON), "scene": JSON, "version": JSON}))
def test_other_json_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        parse_manifest(json.dumps(document).encode())


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(",", ", "),
        lambda text: text + "\n",
        lambda text: text.replace('"size":1', '"size":1.0'),
        lambda text: text.replace('"size":1', '"size":true'),
        lambda text: text.replace('"size":1', '"size":-1'),
        lambda text: text.replace('"mode":420', '"mode":2541'),
        lambda text: text.replace('"scene":"a"', '"scene":"c"'),
        lambda text: text.replace('"path":"a"', '"path":"c"'),
        lambda text: text.replace('"version":1', '"version":0'),
        lambda text: text.replace('"version":1', '"extra":0,"version":1'),
        lambda text: text.replace("ab", "AB"),
        lambda text: text.replace('"entries":', '"entries":[],"entries":'),
        lambda text: "[" * len(text) * 1000,
    ],
)
def test_another_spelling_is_refused(change: Any) -> None:
    text = build_manifest([entry("a"), entry("b")], "a").to_bytes().decode()
    with pytest.raises(BadInput):
        parse_manifest(change(text).encode())


def test_a_newer_form_asks_for_a_newer_program() -> None:
    with pytest.raises(BadInput) as caught:
        parse_manifest(b'{"entries":{},"version":2}')
    assert caught.value.code == "manifest_newer"


def test_there_are_limits() -> None:
    with pytest.raises(BadInput) as caught:
        build_manifest([entry("a", size=2**42), entry("b")], "a")
    assert caught.value.code == "package_too_big"
    with pytest.raises(BadInput) as caught:
        Manifest(entries=(entry("a"),) * 200_001, scene="a")
    assert caught.value.code == "package_too_many_files"
