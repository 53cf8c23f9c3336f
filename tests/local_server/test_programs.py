"""Programs that sign in are called as people call them."""

import pytest

from local_server.programs import name_program
from local_server.wording import Wording

MOZILLA = "Mozilla/5.0 (X11; Linux x86_64)"
CHROMIUM = f"{MOZILLA} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "english", "chinese"),
    [
        ("YuntuCommandLine/1.2.0", "Yuntu command line 1.2.0", "云图命令行 1.2.0"),
        ("YuntuWindow/1.2.0", "Yuntu window 1.2.0", "云图窗口 1.2.0"),
        (f"{MOZILLA} Gecko/20100101 Firefox/143.0", "Firefox", "Firefox"),
        (CHROMIUM, "Chrome", "Chrome"),
        (f"{CHROMIUM} Edg/141.0.0.0", "Edge", "Edge"),
        ("python-requests/2.32.5", "python-requests", "python-requests"),
        ("", "a program without a name", "未说明的程序"),
    ],
)
def test_names(agent: str, english: str, chinese: str) -> None:
    assert name_program(agent, Wording("en")) == english
    assert name_program(agent, Wording("zh")) == chinese
