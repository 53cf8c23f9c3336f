"""Runs the test server: `python -m tests.oss_server --port N --access-key-id ID ...`."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from tests.oss_server.server import REGION, OssServer
from tests.oss_server.signatures import Credential


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.oss_server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--access-key-id", required=True)
    parser.add_argument("--access-key-secret", required=True)
    parser.add_argument("--reader", metavar="ID:SECRET", help="a key that may only read")
    parser.add_argument("--bucket", action="append", default=[], help="create it at the start")
    parser.add_argument("--cname", metavar="HOST=BUCKET", action="append", default=[])
    parser.add_argument("--region", default=REGION)
    parser.add_argument("--folder", type=Path, help="keep the state there; else in memory")
    parser.add_argument("--faults", default="", help="see faults.py, such as lose@verb=PUT,nth=2")
    return parser.parse_args(argv)


def main(argv: list[str]) -> None:
    """Serve until ended; the first line of the output is the address."""
    given = parse_arguments(argv)
    credentials = [Credential(given.access_key_id, given.access_key_secret)]
    if given.reader:
        id, _, secret = given.reader.partition(":")
        credentials.append(Credential(id, secret, may_write=False))
    server = OssServer(
        credentials=credentials,
        port=given.port,
        folder=given.folder,
        region=given.region,
        faults=given.faults,
        cnames=dict(pair.split("=", 1) for pair in given.cname),
    )
    for name in given.bucket:
        server.make_bucket(name)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with server:
        sys.stdout.write(f"{server.endpoint}\n")
        sys.stdout.flush()
        ended.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
