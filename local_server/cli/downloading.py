"""The command download: a job's frames fetched into a folder, or as one zip."""

from pathlib import Path
from uuid import uuid4

import click
import requests

from local_server.cli.client import Client
from local_server.cli.job_ids import find_job
from local_server.cli.session import Session
from local_server.cli.spoken import SpokenCommand
from local_server.farm.errors import BadInput

CHUNK_BYTES = 1 << 20
SECONDS = (5.0, 60.0)


@click.command("download", cls=SpokenCommand)
@click.argument("job")
@click.option("--out", metavar="PATH")
@click.option("--zip", "as_zip", is_flag=True)
@click.pass_obj
def download(session: Session, job: str, out: str | None, *, as_zip: bool) -> None:
    """Fetch a job's finished frames."""
    with session.connect() as client:
        job_id = find_job(client, job)
        if as_zip:
            target = Path(out or f"{job_id}.zip").expanduser().absolute()
            count, size = 1, fetch(client, f"/jobs/{job_id}/pictures.zip", target)
        else:
            target = Path(out or job_id).expanduser().absolute()
            count, size = fetch_frames(client, job_id, target)
    answer = {"job": job_id, "path": str(target), "files": count, "bytes": size}
    session.answer(answer, lambda: session.print(session.label("written", path=str(target))))


def fetch_frames(client: Client, job: str, folder: Path) -> tuple[int, int]:
    """Fetch every finished frame that the folder lacks; returns how many files and bytes."""
    count = size = 0
    for frame in client.list_frames(job, state="done"):
        target = folder / f"{job}_{frame['frame']:04d}{frame['extension']}"
        if target.exists() and target.stat().st_size == frame["size_bytes"]:
            continue
        size += fetch(client, f"/jobs/{job}/frames/{frame['frame']}/picture", target)
        count += 1
    return count, size


def fetch(client: Client, path: str, target: Path) -> int:
    """Write an answer to a file in constant memory, whole or not at all; returns its length.

    Raises BadInput `file_unwritable`, and ClientError.
    """
    half = target.with_name(f".{target.name}-{uuid4().hex}")
    size = 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            client.send("GET", path, stream=True, timeout=SECONDS) as answer,
            half.open("xb") as file,
        ):
            for chunk in answer.iter_content(CHUNK_BYTES):
                size += file.write(chunk)
        half.replace(target)
    except requests.RequestException as error:
        raise client.make_lost_error() from error
    except OSError as error:
        words = error.strerror or str(error)
        raise BadInput("file_unwritable", path=str(target), words=words) from error
    finally:
        half.unlink(missing_ok=True)
    return size
