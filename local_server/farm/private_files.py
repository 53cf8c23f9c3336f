"""Private files: small ones that their owner alone may read, such as keys, tokens and addresses."""

import os
import secrets
from pathlib import Path


def write_private_file(path: Path, text: str) -> None:
    """Write a file, whole or not at all; it has reached the disk when this returns.

    It is never readable by others, not even while it is written. Raises OSError.
    """
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except OSError:
        half.unlink(missing_ok=True)
        raise
