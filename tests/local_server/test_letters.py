"""Letters: what an address that opens one leaves behind where it cannot be reached."""

import socket

import pytest

from local_server.farm.errors import Unavailable
from local_server.letters import read_address


def test_an_address_that_fails_is_told_without_its_signature() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable) as caught:
        read_address(f"http://127.0.0.1:{port}/letter?OSSAccessKeyId=one&Signature=two")
    assert caught.value.code == "invite_unreachable"
    assert caught.value.params == {"words": "127.0.0.1, ConnectionError"}
