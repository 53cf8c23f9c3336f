"""The examples of docs/interface.md run as they stand."""

import re
from typing import Any

from tests.end_to_end.running_farm import RunningFarm
from tests.tidiness.house import ROOT

EXAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_the_examples_run(server: RunningFarm) -> None:
    text = (ROOT / "docs" / "interface.md").read_text(encoding="utf-8")
    examples = EXAMPLE.findall(text)
    assert len(examples) > 5
    known: dict[str, Any] = {"data": server.data}
    try:
        for example in examples:
            exec(compile(example, "docs/interface.md", "exec"), known)  # noqa: S102 - our own
    finally:
        known["session"].close()
