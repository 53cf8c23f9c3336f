"""A keyring in memory, for machines that have none."""

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError


class MemoryKeyring(KeyringBackend):
    """Keeps entries as long as the tests run; never the one that `keyring` finds by itself."""

    priority = -1

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        super().__init__()  # type: ignore[no-untyped-call]

    def get_password(self, service: str, username: str) -> str | None:
        """Return an entry."""
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Set an entry."""
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Drop an entry."""
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError
