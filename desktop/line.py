"""A line to the server on which nothing overtakes: the library gives each message a thread."""

from typing import Any

import engineio
import socketio


class OrderlyEngine(engineio.Client):  # type: ignore[misc]
    """Handles messages where they are read, one after the other."""

    def _trigger_event(self, event: str, *args: Any, **options: Any) -> Any:
        return super()._trigger_event(event, *args, **options | {"run_async": False})


class Line(socketio.Client):  # type: ignore[misc]
    """A client whose handlers hear everything in the order in which it was sent.

    They must not wait for anything that comes on the same line.
    """

    def _engineio_client_class(self) -> type[OrderlyEngine]:
        return OrderlyEngine
