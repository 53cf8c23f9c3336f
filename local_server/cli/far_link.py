"""The link to a server elsewhere, named by its address; it is found again, and never started."""

import hashlib
import time
from pathlib import Path
from urllib.parse import urlsplit

from local_server.cli.client import Client, ServerAddress
from local_server.cli.failure import ClientError
from local_server.cli.kept_sign_in import KeptSignIn
from local_server.cli.link import LOOK_SECONDS, RENEWALS_MAX, SILENCE_SECONDS_MAX, Link
from local_server.farm.errors import BadInput
from local_server.wording import Wording

FOLDER = "servers"


class FarLink(Link):
    """Holds a client of a server that somebody else runs, and waits for it while it is away."""

    def __init__(self, data: Path, wording: Wording, *, url: str) -> None:
        self.url = check_url(url)
        super().__init__(data, wording)

    def connect(self) -> Client:
        """Return a client of the server. Raises ClientError when it does not answer."""
        address = ServerAddress(pid=0, port=0, key="", version="", far=self.url)
        return Client(address, self.wording, KeptSignIn(find_folder(self.data, self.url)))

    def renew(self) -> None:
        """Wait until the server answers again, for a minute at most. Raises ClientError.

        One that answers this question but never the one that was asked is not asked for ever.
        """
        self.renewals += 1
        if self.renewals > RENEWALS_MAX:
            raise self.client.make_lost_error()
        ends = time.monotonic() + SILENCE_SECONDS_MAX
        while True:
            try:
                self.client.get_health()
            except ClientError as error:
                if not error.lost or time.monotonic() > ends:
                    raise
                time.sleep(LOOK_SECONDS)
            else:
                return


def check_url(given: str) -> str:
    """Return a server's address without what follows its port. Raises BadInput `server_wrong`."""
    try:
        parts = urlsplit(given.strip())
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.path not in ("", "/") or parts.query or parts.username:
        raise BadInput("server_wrong", given=given)
    return f"{parts.scheme}://{parts.netloc}"


def find_folder(data: Path, url: str) -> Path:
    """Return where the sign-in for a server elsewhere is kept, apart from this machine's own."""
    folder = data / FOLDER / hashlib.sha256(check_url(url).encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return folder
