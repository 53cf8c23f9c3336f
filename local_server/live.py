"""What is known only for the moment: how far frames are, and what renderers just said."""

import logging
from collections.abc import Iterable
from pathlib import Path

from render.protocol import ProgressMade

log = logging.getLogger(__name__)


class Live:
    """Progress of frames under way, and the logs of attempts as files."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.progress: dict[str, dict[int, ProgressMade]] = {}

    def note_progress(self, reports: Iterable[ProgressMade]) -> None:
        """Keep the latest progress of each frame."""
        for report in reports:
            self.progress.setdefault(report.job, {})[report.number] = report

    def forget_frame(self, job: str, number: int) -> None:
        """Drop the progress of a frame that is no longer under way."""
        frames = self.progress.get(job)
        if frames is not None:
            frames.pop(number, None)
            if not frames:
                del self.progress[job]

    def forget_job(self, job: str) -> None:
        """Drop the progress of a job's frames."""
        self.progress.pop(job, None)

    def list_progress(self, job: str) -> list[ProgressMade]:
        """Return the progress of a job's frames under way, by frame."""
        frames = self.progress.get(job, {})
        return [frames[number] for number in sorted(frames)]

    def note_lines(self, lines: Iterable[tuple[str, int, int, tuple[str, ...]]]) -> None:
        """Append lines to the logs of their attempts: (job, frame, attempt, lines)."""
        try:
            for job, number, attempt, told in lines:
                if told:
                    path = self.log_path(job, number, attempt)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    with path.open("a", encoding="utf-8") as file:
                        file.writelines(f"{line}\n" for line in told)
        except OSError as error:
            log.warning("lines of a renderer's log are lost: %s", error)

    def log_path(self, job: str, number: int, attempt: int) -> Path:
        """Return where the log of an attempt is kept; job ids are checked when they are made."""
        return self.logs / "jobs" / job / f"{number}-{attempt}.log"
