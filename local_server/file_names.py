"""Names of files that are sent: plain ones on every system, as headers tell them."""

import re
from urllib.parse import quote

from local_server.delivery import target_path

RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")
UNSAFE = re.compile(r'[\x00-\x1f\x7f\\/:*?"<>|\u202a-\u202e\u2066-\u2069]')
NAME_BYTES_MAX, END_BYTES = 200, 40


def name_frame(naming: str, number: int, extension: str) -> str:
    """Return what a frame is called when it is sent: one name that is good on every system."""
    return make_safe(target_path("", naming, number, extension).name)


def make_safe(name: str) -> str:
    """Return a name that is a plain file's on every system, and shows as what it is.

    No folders, no drives, no control characters, nothing that turns the direction of writing,
    none of Windows' devices, no dots or spaces at its ends, and not too long: the middle of a long
    one is left out, for its end has the frame's number.
    """
    plain = UNSAFE.sub("_", name).strip(" .")
    if not plain or RESERVED.fullmatch(plain):
        plain = f"_{plain}"
    stem, dot, extension = plain.rpartition(".")
    if not dot:
        stem, extension = plain, ""
    ending = f"{dot}{extension}"
    room = NAME_BYTES_MAX - len(ending.encode())
    told = stem.encode()
    if len(told) > room:
        told = told[: room - END_BYTES].decode(errors="ignore").encode() + told[-END_BYTES:]
    return told.decode(errors="ignore") + ending


def name_attachment(name: str) -> str:
    """Return the header that has a browser save a file under a name (RFC 6266)."""
    ascii_name = name.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
