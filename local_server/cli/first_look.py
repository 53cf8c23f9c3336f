"""What is read off a line before it is parsed: its language and its command."""

import locale
from collections.abc import Mapping, Sequence

OPTION = "--lang"
VARIABLES = ("YUNTU_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


def find_language(argv: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return `zh` or `en`.

    It is looked for before anything is parsed, so that complaints about the rest of the line are
    in the right language already.
    """
    typed = find_typed(argv)
    if typed is not None:
        return match_language(typed)
    for name in VARIABLES:
        if environ.get(name):
            return match_language(environ[name])
    return match_language(locale.getlocale()[0] or "")


def find_typed(argv: Sequence[str]) -> str | None:
    """Return what `--lang` was given, or None."""
    for place, word in enumerate(argv):
        if word == "--":
            return None
        if word == OPTION and place + 1 < len(argv):
            return argv[place + 1]
        if word.startswith(f"{OPTION}="):
            return word.removeprefix(f"{OPTION}=")
    return None


def match_language(named: str) -> str:
    """Return our language for a locale's name such as `zh_CN.UTF-8`."""
    return "zh" if named.lower().startswith(("zh", "chinese")) else "en"


def find_command(argv: Sequence[str]) -> str | None:
    """Return the command that a line names, or None."""
    words = iter(argv)
    for word in words:
        if word in (OPTION, "--data", "--server"):
            next(words, None)
        elif not word.startswith("-"):
            return word
    return None
