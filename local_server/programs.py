"""Programs that sign in, as people call them: told by what they say of themselves."""

import re

from local_server.wording import Wording

COMMAND_LINE, WINDOW = "YuntuCommandLine", "YuntuWindow"
PRODUCT = re.compile(r"([\w.-]+)(?:/(\S+))?")
# Browsers call themselves by each other's names: the first of these that is there is meant.
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome"}
BROWSERS |= {"Safari": "Safari"}


def name_program(agent: str, wording: Wording) -> str:
    """Return what people call the program of a `User-Agent`."""
    products = dict(PRODUCT.findall(agent))
    if not products:
        return wording.say("program_unknown").title
    name, version = next(iter(products.items()))
    if name == COMMAND_LINE:
        return wording.say("program_command_line", version=version).title
    if name == WINDOW:
        return wording.say("program_window", version=version).title
    browser = next((one for one in BROWSERS if one in products), None)
    return name if browser is None else BROWSERS[browser]
