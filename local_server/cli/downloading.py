"""The command download: a job's frames fetched into a folder, or as one zip, whole and checked.

What is half there when a connection or this command ends is gone on with by the next one.
"""

import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePath

import click
import requests

from local_server.cli.client import Client
from local_server.cli.failure import ClientError
from local_server.cli.job_ids import find_job
from local_server.cli.link import Link
from local_server.cli.meters import Meter, open_meter
from local_server.cli.session import Session
from local_server.cli.spoken import SpokenCommand
from local_server.farm.errors import BadInput
from sync.blobs import digest_file

CHUNK_BYTES = 1 << 18
SECONDS = (5.0, 60.0)
PART, NOTHING_LEFT = 206, 416


@click.command("download", cls=SpokenCommand)
@click.argument("job")
@click.option("--out", metavar="PATH")
@click.option("--zip", "as_zip", is_flag=True)
@click.pass_obj
def download(session: Session, job: str, out: str | None, *, as_zip: bool) -> None:
    """Fetch a job's finished frames."""
    link = session.open_link()
    try:
        job_id = find_job(link.client, job)
        target = Path(out or (f"{job_id}.zip" if as_zip else job_id)).expanduser().absolute()
        with open_meter(session) as meter:
            check_begun(link, job_id)
            fetch = fetch_zip if as_zip else fetch_frames
            count, size = fetch(link, job_id, target, meter=meter)
    finally:
        link.close()
    answer = {"job": job_id, "path": str(target), "files": count, "bytes": size}
    session.answer(answer, lambda: session.print(session.label("written", path=str(target))))


def check_begun(link: Link, job: str) -> None:
    """Raise BadInput `download_empty` for a job that has no finished frame yet."""
    if not link.insist(lambda client: client.get_job(job))["frames"]["done"]:
        raise BadInput("download_empty", job=job)


def fetch_frames(link: Link, job: str, folder: Path, *, meter: Meter) -> tuple[int, int]:
    """Fetch every finished frame that a folder lacks, under the scene's own naming.

    Returns how many files and bytes had to be fetched. Raises ClientError and BadInput.
    """
    frames = link.insist(lambda client: list(client.list_frames(job, state="done")))
    wanted = {folder / PurePath(one["name"] or "").name: one for one in frames}
    lacking = {path: one for path, one in wanted.items() if not is_there(path, one["digest"])}
    meter.begin("fetching", sum(one["size_bytes"] or 0 for one in lacking.values()))
    fetched = 0
    for target, one in lacking.items():
        path, digest = f"/jobs/{job}/frames/{one['frame']}/picture", str(one["digest"])
        half = target.with_name(f".{digest[:16]}.part")
        fetched += fetch_file(link, path, half, mark=digest, meter=meter)
        put_in_place(half, target, is_whole=partial(has_digest, digest=digest))
    return len(lacking), fetched


def fetch_zip(link: Link, job: str, target: Path, *, meter: Meter) -> tuple[int, int]:
    """Fetch a job's finished frames as one zip; returns 1 and how many bytes were fetched."""
    path = f"/jobs/{job}/pictures.zip"
    head = link.insist(lambda client: client.send("HEAD", path, timeout=SECONDS)).headers
    mark = head["ETag"].strip('"')
    meter.begin("fetching", int(head["Content-Length"]))
    half = target.with_name(f".{mark[:16]}.part")
    fetched = fetch_file(link, path, half, mark=mark, meter=meter)
    put_in_place(half, target, is_whole=is_sound_zip)
    return 1, fetched


def fetch_file(link: Link, path: str, half: Path, *, mark: str, meter: Meter) -> int:
    """Fetch the rest of a file, whatever becomes of the server meanwhile; returns its length."""
    meter.advance(measure(half))
    return link.insist(partial(fetch_rest, link=link, path=path, half=half, mark=mark, meter=meter))


def fetch_rest(
    client: Client, *, link: Link, path: str, half: Path, mark: str, meter: Meter
) -> int:
    """Add what a half file lacks of the version that a mark names; returns how much that was.

    Raises BadInput `file_unwritable`, and ClientError.
    """
    begun, added = measure(half), 0
    headers = {"Range": f"bytes={begun}-", "If-Range": f'"{mark}"'} if begun else {}
    try:
        half.parent.mkdir(parents=True, exist_ok=True)
        with client.send("GET", path, stream=True, timeout=SECONDS, headers=headers) as answer:
            if begun and answer.status_code != PART:  # another version by now
                meter.advance(-begun)
                begun = 0
            with half.open("r+b" if begun else "wb") as file:
                file.seek(begun)
                for chunk in answer.iter_content(CHUNK_BYTES):
                    added += file.write(chunk)
                    meter.advance(len(chunk))
                    link.note_progress()
    except ClientError as error:
        if error.status != NOTHING_LEFT:
            raise
    except requests.RequestException as error:
        raise client.make_lost_error() from error
    except OSError as error:
        raise unwritable(half, error) from error
    return added


def put_in_place(half: Path, target: Path, *, is_whole: Callable[[Path], bool]) -> None:
    """Give a fetched file its name. Raises BadInput `download_damaged` and `file_unwritable`."""
    try:
        if not is_whole(half):
            half.unlink(missing_ok=True)
            raise BadInput("download_damaged", path=str(target))
        half.replace(target)
    except OSError as error:
        raise unwritable(target, error) from error


def is_there(path: Path, digest: str | None) -> bool:
    """Tell whether a file is there and holds just these bytes."""
    return path.is_file() and has_digest(path, digest=digest)


def has_digest(path: Path, *, digest: str | None) -> bool:
    """Tell whether a file's bytes have a SHA-256."""
    return digest_file(path)[0] == digest


def is_sound_zip(path: Path) -> bool:
    """Tell whether a file is a zip whose every entry is whole."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except zipfile.BadZipFile:
        return False


def measure(path: Path) -> int:
    """Return a file's length, 0 where there is none."""
    return path.stat().st_size if path.is_file() else 0


def unwritable(path: Path, error: OSError) -> BadInput:
    """Return the error for a file that cannot be written."""
    words = error.strerror or str(error)
    return BadInput("file_unwritable", path=str(path), words=words)
