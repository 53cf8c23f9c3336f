"""The machines that render, listed."""

from tests.cli.yuntu import Yuntu


def test_the_servers_own_node_is_listed(yuntu: Yuntu) -> None:
    yuntu.json("renderers")  # waits until the node is up
    [node] = yuntu.json("nodes")["items"]
    assert (node["site"], node["rendering"], node["left_out"]) == ("here", 0, [])
    ran = yuntu("nodes")
    assert (ran.code, node["id"] in ran.out) == (0, True)
