"""Whatever does not fit in a field is told in both languages, and never in pydantic's own words."""

import importlib
import pkgutil
from collections.abc import Iterator
from string import Formatter
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_core import PydanticCustomError
from pydantic_core._pydantic_core import list_all_errors

from local_server import shapes
from local_server.complaints import PATTERNS, explain_invalid, find_words
from local_server.document import list_shapes
from local_server.shapes.bills import BillQuery, RefundRequest
from local_server.shapes.people import PeopleQuery, RankRequest, SignUpRequest
from local_server.shapes.shape import Shape
from local_server.wording import LANGUAGES, Wording

# What each kind of pydantic's schemas can complain of; `bounds` below tells the rest.
COMPLAINTS: dict[str, set[str]] = {
    "any": set(),
    "bool": {"bool_type", "bool_parsing"},
    "date": {
        "date_type",
        "date_parsing",
        "date_from_datetime_parsing",
        "date_from_datetime_inexact",
    },
    "default": set(),
    "definition-ref": set(),
    "definitions": set(),
    "dict": {"dict_type"},
    "enum": {"enum"},
    "float": {"float_type", "float_parsing", "finite_number"},
    "function-after": {"value_error"},
    "int": {"int_type", "int_parsing", "int_parsing_size", "int_from_float"},
    "list": {"list_type"},
    "literal": {"literal_error"},
    "model": {"model_type", "model_attributes_type"},
    "model-field": {"missing"},
    "model-fields": {"extra_forbidden", "invalid_key"},
    "no-info": set(),
    "nullable": set(),
    "str": {"string_type", "string_unicode"},
    "union": set(),
}
BOUNDS = {
    "ge": "greater_than_equal",
    "gt": "greater_than",
    "le": "less_than_equal",
    "lt": "less_than",
    "min_length": "too_short",
    "max_length": "too_long",
    "pattern": "pattern_mismatch",
}
NOT_SCHEMAS = ("metadata", "serialization", "default", "members")


def list_schemas() -> Iterator[dict[str, Any]]:
    """Give every schema within the shapes of the interface."""
    for module in pkgutil.iter_modules(shapes.__path__):
        importlib.import_module(f"{shapes.__name__}.{module.name}")
    for shape in list_shapes(Shape):
        yield from list_inner(shape.__pydantic_core_schema__)


def list_inner(value: Any) -> Iterator[dict[str, Any]]:
    """Give the schemas within a part of one."""
    if isinstance(value, dict):
        if isinstance(value.get("type"), str):
            yield value
        for name, inner in value.items():
            if name not in NOT_SCHEMAS:
                yield from list_inner(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from list_inner(inner)


def list_kinds() -> set[str]:
    """List the kinds of complaints that the shapes can make."""
    kinds: set[str] = set()
    for schema in list_schemas():
        kinds |= COMPLAINTS[schema["type"]]
        prefix = "string_" if schema["type"] == "str" else ""
        kinds |= {f"{prefix}{kind}" for bound, kind in BOUNDS.items() if bound in schema}
    return kinds


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_complaint_of_our_shapes_has_words(language: str) -> None:
    wording = Wording(language)
    contexts: dict[str, Any] = {
        str(one["type"]): one["example_context"] or {} for one in list_all_errors()
    }
    kinds = list_kinds()
    assert len(kinds) > 25
    for kind in kinds:
        code, params = find_words(kind, contexts[kind])
        assert code in wording.tables, kind
        wanted = {name for _, name, _, _ in Formatter().parse(wording.tables[code]["title"])}
        assert wanted - {None} <= {"field", *params}, kind


def test_every_pattern_has_words() -> None:
    patterns = {schema["pattern"] for schema in list_schemas() if "pattern" in schema}
    told = {one: find_words("string_pattern_mismatch", {"pattern": one})[0] for one in patterns}
    assert [one for one, code in told.items() if code == "field_pattern"] == []
    assert set(PATTERNS) <= patterns


def test_only_an_address_of_mail_has_a_check_of_its_own() -> None:
    checks = [one["schema"] for one in list_schemas() if one["type"] == "function-after"]
    assert {one["type"] for one in checks} == {"str"}
    names = {str(one["function"]) for one in list_schemas() if one["type"] == "function-after"}
    assert all("EmailStr" in name for name in names)


@pytest.mark.parametrize(
    ("shape", "told", "english", "chinese"),
    [
        (
            RankRequest,
            {"role": "king"},
            "role has to be one of artist, producer, admin",
            "role 必须是以下之一：artist, producer, admin",
        ),
        (
            BillQuery,
            {"format": "xlsx", "typo": 1},
            "format has to be one of json, csv, pdf; typo: there is no such field",
            "format 必须是以下之一：json, csv, pdf；typo：没有这个字段",
        ),
        (
            RefundRequest,
            {"id": "refund-1", "reason": "", "amount_micros": 0},
            "reason needs at least 1 character; amount_micros has to be more than 0",
            "reason 至少要有 1 个字符；amount_micros 必须大于 0",
        ),
        (PeopleQuery, {"limit": "x"}, "limit has to be a whole number", "limit 必须是整数"),
        (
            SignUpRequest,
            {"name": "Lin", "email": "lin@studio.local"},
            "password is missing; email has to be an e-mail address that mail reaches,"
            " such as lin@example.com (not one at .local or .test)",
            "缺少 password；email 必须是能收到邮件的邮箱地址，例如 lin@example.com"
            "（不能是 .local、.test 一类的域名）",
        ),
    ],
)
def test_complaints_read_well(
    shape: type[Shape], told: dict[str, Any], english: str, chinese: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        shape.model_validate(told)
    assert explain_invalid(caught.value, Wording("en")) == english
    assert explain_invalid(caught.value, Wording("zh")) == chinese


def test_a_complaint_that_nobody_knows_is_told_in_the_readers_language() -> None:
    line = {"type": PydanticCustomError("of_tomorrow", "Input is late"), "loc": ("site",)}
    error = ValidationError.from_exception_data("Shape", [line | {"input": 1}])  # type: ignore[list-item]
    assert explain_invalid(error, Wording("zh")) == "site：内容不合要求"
