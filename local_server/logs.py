"""The process's log: a file that rotates, a line per message, whatever a message says."""

import logging
import logging.handlers
import re
import sys
import time
from pathlib import Path

from local_server.request_ids import find_request_id

BYTES_MAX = 4_000_000
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class LineFormatter(logging.Formatter):
    """Writes a message as one line with its request's id; what would forge a line is spelled out.

    A traceback's lines follow indented: no text in them can begin a line of its own.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self.converter = time.gmtime

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Return the line without the traceback."""
        request_id = find_request_id()
        known = f" request={request_id}" if request_id else ""
        return CONTROLS.sub(spell_out, super().formatMessage(record)) + known

    def formatException(self, ei: object) -> str:  # noqa: N802 - logging's own name
        """Return a traceback, each of its lines indented."""
        told = super().formatException(ei)  # type: ignore[arg-type]
        return "\n".join(
            "    " + CONTROLS.sub(spell_out, line) for line in re.split("[\r\n]+", told)
        )


def spell_out(match: re.Match[str]) -> str:
    """Return a control character as its escape, such as `\\n`."""
    return match.group().encode("unicode_escape").decode("ascii")


def log_to_file(path: Path) -> None:
    """Send the process's log to a file that rotates."""
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=BYTES_MAX, backupCount=3, encoding="utf-8"
    )
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    sys.excepthook = lambda kind, error, trace: root.critical(
        "the process ends", exc_info=(kind, error, trace)
    )
