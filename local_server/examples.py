"""Examples of whole answers, put together from what shapes say of their fields."""

from typing import Any

REFERENCE = "#/components/schemas/"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
# A name means the same in every shape; where it does not, the field itself has an example.
TEXTS = {
    "access_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl",
    "account": "me",
    "action": "POST /topups",
    "actor": "me",
    "actor_name": "Lin Mei",
    "agent": "Firefox",
    "author": "me",
    "by": "me",
    "credit": "spent:me",
    "day": "2026-11-05",
    "debit": "held:lanterns-1",
    "detail": "Resume it when it should go on.",
    "device": "workstation-3",
    "digest": DIGEST,
    "email": "lin@studio.cn",
    "field": "email",
    "folder": "/work/elsewhere/lanterns-1",
    "host": "workstation-3",
    "how_to_get": "Install POV-Ray 3.7.",
    "invite": "yuntu-studio-1-c29sbw",
    "job": "lanterns-1",
    "jobs": "lanterns-1",
    "key_variable": "YUNTU_OSS_KEY",
    "keys": "In the system's keyring.",
    "level": "gold",
    "lines": "2026-11-05T08:00:00.000Z  job.state      Running",
    "log": "Fra:1 Mem:64.00M | Rendering 1 / 64 samples",
    "missing": DIGEST,
    "name": "lanterns",
    "next": "WzE3OTQwMDAwMDAwMDAsMTJd",
    "node": "render-07-5c0e",
    "node_name": "render-07",
    "note": "Prices of the new year",
    "out": "/work/lanterns-frames",
    "owner": "me",
    "package": "lanterns-scene",
    "path": "/work/lanterns-frames/shot_0001.png",
    "phone": "+8613800138000",
    "price_book": "2026-11",
    "proof": DIGEST,
    "refresh_token": "kT3v9Qm2xW7bLr5Yp8ZcJd1NfHs4Gu6A",
    "role": "admin",
    "scene": "lanterns.blend",
    "session": "5b1f7c2e",
    "store": "folder:/mnt/studio",
    "studio": "solo",
    "subject": "lin-mei",
    "title": "Paused by you",
    "treasurer": "d1f0",
    "url": "https://studio.example/blobs/9f86?signature=c2lnbmVk",
    "value": "li@studio.cn",
    "via": "token",
    "words": "Saved: shot_0001.png",
}
ENDINGS = {
    "_at_ms": 1_794_000_000_000,
    "_from_ms": 1_794_000_000_000,
    "_until_ms": 1_794_000_000_000,
    "_ms": 4_200,
    "_micros": 1_250_000,
    "_bytes": 1_048_576,
    "_basis_points": 1_000,
}
SIMPLE: dict[str, Any] = {"boolean": True, "integer": 1, "number": 1.0, "null": None}


def compose(told: dict[str, Any], schemas: dict[str, Any], name: str = "") -> Any:
    """Return an example of what a schema tells of; `name` is the field that it stands in.

    A text that has neither an example of its own nor one by its name is a mistake of ours: it
    raises KeyError when the document is made.
    """
    if "examples" in told:
        return told["examples"][0]
    if "enum" in told:
        return told["enum"][0]
    if "$ref" in told:
        return compose(schemas[told["$ref"].removeprefix(REFERENCE)], schemas, name)
    if "anyOf" in told:
        return compose(told["anyOf"][0], schemas, name)
    kind = told.get("type")
    if kind == "array":
        return [compose(told["items"], schemas, name)]
    if kind == "object":
        fields = told.get("properties", {})
        return {field: compose(one, schemas, field) for field, one in fields.items()}
    if kind == "string":
        return TEXTS[name]
    endings = [value for ending, value in ENDINGS.items() if f"_{name}".endswith(ending)]
    return endings[0] if endings and kind == "integer" else SIMPLE[str(kind)]
