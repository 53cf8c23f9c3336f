"""The machines that render, listed."""

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from local_server.cli.farm import find_node
from local_server.cli.root import run
from local_server.farm.errors import BadInput, NotFound
from tests.cli.yuntu import Yuntu


def test_the_servers_own_node_is_listed(yuntu: Yuntu) -> None:
    yuntu.json("renderers")  # waits until the node is up
    [node] = yuntu.json("nodes")["items"]
    assert (node["site"], node["rendering"], node["left_out"]) == ("here", 0, [])
    ran = yuntu("nodes")
    assert (ran.code, node["id"] in ran.out) == (0, True)


def invite(*nodes: str, out: str = "") -> dict[str, Any]:
    """Return a farm with invited nodes, one of which may be out."""
    rows = [
        {"node": one, "host": None, "state": "out" if one == out else "member"} for one in nodes
    ]
    return {"invited": rows}


def test_an_invited_node_is_named_by_whatever_the_lists_show() -> None:
    farm = invite("tower-1f2e3d4c", "shelf-aaaa1111", "shelf-bbbb2222", out="shelf-aaaa1111")
    assert find_node(farm, "Tower") == "tower-1f2e3d4c"
    assert find_node(farm, "shelf") == "shelf-bbbb2222", "the other one is out already"
    assert find_node(farm, "shelf-aaaa1111") == "shelf-aaaa1111"
    assert find_node(farm, "shelf-aaaa1111.12.17") == "shelf-aaaa1111", "one of its starts"
    with pytest.raises(NotFound, match="no_node_of_farm"):
        find_node(farm, "渲染机")
    farm["invited"][0] |= {"node": "node-5c0e1d2f", "host": "渲染机"}
    assert find_node(farm, "渲染机") == "node-5c0e1d2f"
    with pytest.raises(BadInput) as caught:
        find_node(invite("shelf-aaaa1111", "shelf-bbbb2222"), "shelf")
    assert caught.value.code == "node_ambiguous"


def test_an_invite_can_be_read_from_a_pipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("not-an-invite\n"))
    assert run(["node", "--invite", "-", "--workdir", str(tmp_path), "--json"]) == 2
    assert "invite" in capsys.readouterr().err
