"""Words are filled in: one of a thing and many of it, and what is missing by its name."""

import pytest

from local_server.wording import Wording, Words, fill


@pytest.mark.parametrize(
    ("count", "told"),
    [("1", "1 file was sent"), ("2", "2 files were sent"), ("0", "0 files were sent")],
)
def test_one_and_many(count: str, told: str) -> None:
    assert fill("{count} {count:file was|files were} sent", {"count": count}) == told


def test_a_sentence_of_others_ends_once() -> None:
    said = Wording("en").say("invalid", words="Cannot read ../wood.png.")
    assert said.detail == "Cannot read ../wood.png. Mend what is named and send it again."
    assert "png。请" in Wording("zh").say("invalid", words="Cannot read wood.png.").detail


def test_title_and_detail_are_one_line() -> None:
    assert Words(title="It is done.", detail="Look.").line == "It is done. Look."
    assert Words(title="已完成。", detail="请查看。").line == "已完成。请查看。"
    assert Words(title="It is done.", detail="").line == "It is done."


def test_what_is_missing_is_shown_by_its_name() -> None:
    assert fill("{path} of {job}", {"job": "a"}) == "<path> of a"
    assert fill("{count:one|many}", {}) == "many"
