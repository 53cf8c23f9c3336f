"""The shape of files: nouns for names, a function on a screen, a file with one subject."""

import ast
from pathlib import PurePosixPath

from tests.tidiness.house import list_modules, list_product, refuse

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 400
DRAWERS = {
    "base",
    "bases",
    "common",
    "helper",
    "helpers",
    "manager",
    "managers",
    "misc",
    "shared",
    "stuff",
    "util",
    "utils",
}
COMMAND_LINE = "local_server/cli/"


def test_no_module_is_a_drawer() -> None:
    """A newcomer finds a room by the field's noun; a drawer has none."""
    problems = [
        f"{module.path} is named like a drawer: name it after what it owns."
        for module in list_modules()
        if DRAWERS & {part.removesuffix(".py").lower() for part in PurePosixPath(module.path).parts}
    ]
    refuse(problems)


def test_a_function_fits_on_a_screen() -> None:
    """What is longer hides a second function."""
    problems = []
    for module in list_modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    problems.append(
                        f"{module.at(node)} {node.name} has {lines} lines, more than"
                        f" {FUNCTION_LINES_MAX}: find the second function in it."
                    )
    refuse(problems)


def test_a_file_has_one_subject() -> None:
    """What passes 400 lines is looking for a second noun. Tests may be longer."""
    problems = [
        f"{module.path} has {module.lines} lines, more than {FILE_LINES_MAX}: find the second noun."
        for module in list_modules()
        if module.lines > FILE_LINES_MAX and not module.path.startswith("tests/")
    ]
    refuse(problems)


def test_only_the_command_line_prints() -> None:
    """Everybody else logs, or answers to whoever asked."""
    problems = [
        f"{module.at(node)} prints: log it, or give it back to the caller."
        for module in list_product()
        if not module.path.startswith(COMMAND_LINE)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    refuse(problems)


def test_every_module_says_what_it_owns() -> None:
    """The first line of a file is its sign on the door."""
    problems = [
        f"{module.path} has no docstring: say in a line what it owns."
        for module in list_modules()
        if module.tree.body and not ast.get_docstring(module.tree)
    ]
    refuse(problems)


def test_every_public_function_says_what_it_does() -> None:
    """One imperative sentence; a caller should not have to read the body."""
    problems = []
    for module in list_product():
        for node in module.tree.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
                continue
            if not node.name.startswith("_") and not ast.get_docstring(node):
                problems.append(f"{module.at(node)} {node.name} has no docstring.")
    refuse(problems)
