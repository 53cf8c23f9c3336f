"""Settings files beside a scene, such as POV-Ray's .ini: what we read of them and pass on."""

import re
from dataclasses import dataclass
from pathlib import Path

from render.renderers import Settings

FILE_BYTES_MAX = 1024 * 1024
SETTING = re.compile(r"^\s*([A-Za-z_]+)\s*=\s*\"?([^\";]*?)\"?\s*(?:;.*)?$")


@dataclass(frozen=True, kw_only=True, slots=True)
class SceneSettings:
    """What a settings file says; None where it does not. `passed_on` are command line parts."""

    frame_start: int | None = None
    frame_end: int | None = None
    width: int | None = None
    height: int | None = None
    passed_on: tuple[str, ...] = ()


def read_settings(scene: Path, settings: Settings | None) -> SceneSettings:
    """Read the settings file that belongs to a scene; nothing where there is none.

    The file itself is never given to the program: it could order commands to be run. Only the
    settings that the renderer's description allows are passed on.
    """
    if settings is None:
        return SceneSettings()
    path = scene.with_suffix(settings.suffix)
    if not path.is_file() or path.stat().st_size > FILE_BYTES_MAX:
        return SceneSettings()
    return parse_settings(path.read_text(encoding="utf-8", errors="replace"), settings)


def parse_settings(text: str, settings: Settings) -> SceneSettings:
    """Return what a settings file says, by the names of the renderer's description."""
    found = [m for m in map(SETTING.match, text.splitlines()) if m]
    pairs = [(m.group(1).lower(), m.group(2)) for m in found]
    said = dict(pairs)
    allowed = {name.lower(): name for name in settings.pass_on}
    return SceneSettings(
        frame_start=_to_int(said.get(settings.frame_start.lower())),
        frame_end=_to_int(said.get(settings.frame_end.lower())),
        width=_to_int(said.get(settings.width.lower())),
        height=_to_int(said.get(settings.height.lower())),
        passed_on=tuple(f"{allowed[name]}={value}" for name, value in pairs if name in allowed),
    )


def _to_int(text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError:
        return None
