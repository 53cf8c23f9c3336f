"""The house as its tests see it: the files that git knows or would add, read and parsed once."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("desktop", "local_server", "render", "resources", "sync")
NOT_OURS = {".git", ".venv", ".hypothesis", "build", "dist", "__pycache__", "demo-output"}
NOT_OURS_SUFFIXES = ("_cache", ".egg-info")


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """One Python file: its path from the root, its dotted name, and its tree."""

    path: str
    name: str
    lines: int
    tree: ast.Module

    @property
    def package(self) -> str:
        """The package that relative imports of this module start from."""
        return self.name if self.path.endswith("__init__.py") else self.name.rpartition(".")[0]

    def at(self, node: ast.AST) -> str:
        """Say where a node stands, in the form that editors jump to."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


@cache
def list_files() -> tuple[str, ...]:
    """List the files of the project: tracked ones and new ones that are not ignored."""
    git = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(git, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):  # An unpacked archive has no git.
        listed = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*")]
        listed = [path for path in listed if not any(map(is_left_over, path.split("/")))]
    return tuple(sorted(path for path in set(listed) if path and (ROOT / path).is_file()))


def is_left_over(part: str) -> bool:
    """Tell whether a folder is one that tools leave behind."""
    return part in NOT_OURS or part.endswith(NOT_OURS_SUFFIXES)


@cache
def list_modules() -> tuple[Module, ...]:
    """Parse every Python file of the project."""
    modules = []
    for path in list_files():
        if not path.endswith(".py"):
            continue
        text = (ROOT / path).read_text(encoding="utf-8")
        name = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        tree = ast.parse(text, filename=path)
        modules.append(Module(path=path, name=name, lines=text.count("\n"), tree=tree))
    return tuple(modules)


def list_product() -> tuple[Module, ...]:
    """Return the modules that ship."""
    return tuple(module for module in list_modules() if module.path.split("/")[0] in PRODUCT)


def list_imports(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Give every import of a module, inside functions too, as its node and the dotted name.

    `from a import b` gives `a.b`: whether `b` is a module or a name in one does not matter here.
    """
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                parts = module.package.split(".")
                parts = parts[: len(parts) - node.level + 1]
                source = ".".join([*parts, source] if source else parts)
            for alias in node.names:
                yield node, f"{source}.{alias.name}"


def is_within(name: str, package: str) -> bool:
    """Tell whether a dotted name is a package or something in it."""
    return name == package or name.startswith(package + ".")


def refuse(problems: list[str]) -> None:
    """Fail the test with the problems as sentences under each other, if there are any."""
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)
