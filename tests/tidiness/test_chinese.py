"""Chinese texts say one thing by one word, and in Chinese but for what is typed or named."""

import re
import tomllib
from collections.abc import Iterator

from tests.tidiness.house import ROOT, refuse

# What is said otherwise -> how it is said here. A lease of money is 领用, a hold 预留.
TERMS = {
    "帐": "账",
    "冻结": "预留",
    "相机": "摄像机",
    "存储桶": "存储空间",
    "租额": "领用",
    "会话": "登录",
    "电子邮件": "邮箱",
    "制作人": "制片",
    "重用": "复用",
    "资产": "素材",
}
NAMES = re.compile(
    "AccessKey|Beancount|Blender|CNY|CPU|CSV|Ctrl|Cycles|Debian|EEVEE|Endpoint|Fava|FRAME|GB|GiB|ID"
    "|JPEG|JSON|MB|Mesa|NaN|OSL|OSS|OpenEXR|OpenGL|OpenImageDenoise|PDF|PNG|POST|Python|Redis|SDK"
    "|SQLite|Secret|TOML|UUID|WebP|Yuntu"
)
"""Names, units and formats that have no Chinese name."""
TYPED = re.compile(
    "admin|all|artist|beancount|blend|closed|cost|created|csv|exr|exr_layers|false|farm|here|jpeg"
    "|last|mint|name|none|no|open|own|package|png|priority|producer|refund|region|scene|settle|solo"
    "|state|tiff|true|yes|zip"
)
"""Words that are typed, or sent, as they stand."""
ASIDE = re.compile(
    r"`[^`]*`|\{[^}]*\}|--?[a-z-]+|\w+://\S*|\S+@\S+"  # commands, values, options, addresses
    r"|[\w*/-]*[./][\w./*-]*\w|\b\w+-[\w-]*|\b[A-Z][A-Z_]+\b"  # files, headers, placeholders
    r"|\b\w*\d\w*\b|\b[A-Z]\b|\b[a-z]\b",
    re.ASCII,
)


def list_texts() -> Iterator[tuple[str, str]]:
    """List where each Chinese message is, and what it says."""
    for path in sorted((ROOT / "resources/messages/zh").glob("*.toml")):
        for code, words in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for text in words.values():
                yield f"{path.stem}: {code}", text


def test_chinese_messages_hold_no_english_words() -> None:
    """What is typed stands in `…`; a word that has no Chinese is added to the names above."""
    refuse(
        [
            f"{place}: `{word}` is English."
            for place, text in list_texts()
            for word in re.findall(r"[A-Za-z]+(?:[-_][A-Za-z]+)*", ASIDE.sub(" ", text))
            if not NAMES.fullmatch(word) and not TYPED.fullmatch(word)
        ]
    )


def test_chinese_texts_have_one_word_for_one_thing() -> None:
    """A reader takes another word for another thing."""
    pages = [*sorted((ROOT / "docs/zh").glob("*.md")), ROOT / "resources/desktop/words/zh.toml"]
    texts = [(page.name, page.read_text(encoding="utf-8")) for page in pages]
    refuse(
        [
            f"{place}: {word} is called {term} here."
            for place, text in (*list_texts(), *texts)
            for word, term in TERMS.items()
            if word in text
        ]
    )


def test_commands_are_quoted_alike_in_every_language() -> None:
    """A command stands in backticks, so that one sees where it begins and ends."""
    refuse(
        [
            f"{path.parent.name}/{path.name}:{number} has a bare command: {found[0]}"
            for path in sorted((ROOT / "resources/messages").glob("*/*.toml"))
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
            if not line.startswith("#")
            and (found := re.search(r"(?<![\w./-])yuntu [a-z][a-z-]+", re.sub("`[^`]*`", "", line)))
        ]
    )
