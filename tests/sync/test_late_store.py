"""A store that may be away: opened when it is needed, tried out when it comes, quick to say no."""

from pathlib import Path

import pytest

from local_server.farm.errors import NotFound, Unavailable
from sync.folder_store import FolderStore
from sync.late_store import LateStore
from sync.store import Store

KEY = "v1/s/t/0000000001"


class Probed(FolderStore):
    """A folder that counts how often it was tried out."""

    probes = 0

    def probe(self) -> None:
        """Count, and try the folder out."""
        type(self).probes += 1
        super().probe()


@pytest.fixture
def now() -> list[float]:
    """A clock that stands still until it is set."""
    return [0.0]


@pytest.fixture
def late(tmp_path: Path, now: list[float]) -> LateStore:
    """A store in a folder that is not there yet."""
    Probed.probes = 0

    def open_it(address: str) -> Store:
        return Probed(Path(address))

    return LateStore(str(tmp_path / "share"), clock=lambda: now[0], opener=open_it)


def code_of(late: LateStore) -> str:
    with pytest.raises(Unavailable) as caught:
        late.get(KEY)
    return caught.value.code


def test_making_one_touches_nothing(late: LateStore) -> None:
    assert (Probed.probes, late.trouble) == (0, None)


def test_what_is_away_is_asked_once(late: LateStore, tmp_path: Path) -> None:
    assert [code_of(late) for _ in range(3)] == ["store_missing"] * 3
    assert Probed.probes == 1
    (tmp_path / "share").mkdir()
    assert code_of(late) == "store_missing", "nobody has looked again"
    late.recover()
    assert late.put_if_absent(KEY, b"entry")
    assert (late.trouble, late.get(KEY), Probed.probes) == (None, b"entry", 2)
    late.recover()
    assert Probed.probes == 2, "it was fit"


def test_it_is_tried_again_by_itself_after_minutes(
    late: LateStore, tmp_path: Path, now: list[float]
) -> None:
    assert code_of(late) == "store_missing"
    (tmp_path / "share").mkdir()
    now[0] += 299
    assert code_of(late) == "store_missing"
    now[0] += 1
    assert late.put_if_absent(KEY, b"entry")


def test_what_goes_away_later_is_noticed(late: LateStore, tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    with pytest.raises(NotFound):
        late.get(KEY)
    assert late.trouble is None, "that an object is missing is no trouble"
    share.rename(tmp_path / "unplugged")
    assert code_of(late) == "store_missing"
    assert late.trouble is not None and late.trouble.code == "store_missing"


@pytest.mark.parametrize("address", ["ftp://share", "", "oss://bucket"])
def test_a_wrong_address_is_a_store_that_is_away(address: str) -> None:
    late = LateStore(address)
    with pytest.raises(Unavailable) as caught:
        late.head(KEY)
    assert late.trouble is caught.value
