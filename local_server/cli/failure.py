"""The one error of the client: what the server refused, or that it was not there."""

from typing import Any

from local_server.wording import Words

LOST = 0


class ClientError(Exception):
    """What the server refused, in the reader's words; status 0: it did not answer at all."""

    def __init__(self, *, code: str, status: int, words: Words, params: dict[str, Any]) -> None:
        super().__init__(f"{status} {code}")
        self.code = code
        self.status = status
        self.words = words
        self.params = params

    @property
    def lost(self) -> bool:
        """Tell whether the server was not there to answer."""
        return self.status == LOST
