"""Results: measurements with their units, printed and kept as JSON."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """One number. `aim` is what we would like it to be, in words."""

    name: str
    value: float
    unit: str
    aim: str = ""

    def to_line(self) -> str:
        """Return it as a line for a terminal."""
        aim = f"   (aim: {self.aim})" if self.aim else ""
        return f"  {self.name:<58} {self.value:>12,.3f} {self.unit}{aim}"


def write_results(path: Path, results: Mapping[str, Sequence[Measurement]]) -> None:
    """Write all results of a run as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {
        "machine": f"{platform.system()} {platform.machine()}",
        "results": {name: [asdict(one) for one in found] for name, found in results.items()},
    }
    path.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
