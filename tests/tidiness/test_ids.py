"""Ids of jobs: files that share a farm, in whatever order they run, do not take each other's."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from tests.tidiness.house import Module, list_modules, refuse

TOGETHER = "tests/end_to_end/"
SUBMITTING = {"submit", "render"}


def list_job_ids(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Give every id that a module gives to a job: told to a farm's method, or in a request."""
    for node in ast.walk(module.tree):
        told: list[ast.expr] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            told = node.args[:1] if node.func.attr in SUBMITTING else []
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            told = [value for key, value in pairs if read_text(key) == "id"]
        for id in map(read_text, told):
            if id is not None:
                yield node, id


def read_text(node: ast.expr | None) -> str | None:
    """Return the text that a node is, None where it is something else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def test_no_two_files_share_an_id() -> None:
    """The same id with another request is refused, and with the same one renders nothing."""
    places: dict[str, dict[str, str]] = defaultdict(dict)
    for module in list_modules():
        if module.path.startswith(TOGETHER):
            for node, id in list_job_ids(module):
                places[id].setdefault(module.path, module.at(node))
    refuse(
        [
            f"The id {id} is used in {', '.join(sorted(where.values()))}: these may share a farm."
            for id, where in places.items()
            if len(where) > 1
        ]
    )
