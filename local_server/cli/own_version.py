"""Which version of the program this is."""

from importlib.metadata import PackageNotFoundError, version


def find_own_version() -> str:
    """Return this program's version; a checkout that was never installed has none."""
    try:
        return version("yuntu")
    except PackageNotFoundError:
        return "0"
