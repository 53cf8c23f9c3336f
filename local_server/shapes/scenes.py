"""Scenes that are asked for, and what they are expected to take."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from local_server.shapes.reasons import FindingView
from local_server.shapes.shape import ABSOLUTE, Body, Shape, show

TEXT, NOTHING = {"type": "string"}, {"type": "null"}
# A scene or a package, and not both.
SOURCES: list[dict[str, Any]] = [
    {"required": ["scene"], "properties": {"scene": TEXT, "package": NOTHING}},
    {"required": ["package"], "properties": {"package": TEXT, "scene": NOTHING}},
]


class PictureFormat(StrEnum):
    """What pictures can be written as, whatever the scene says."""

    PNG = "png"
    JPEG = "jpeg"
    TIFF = "tiff"
    EXR = "exr"
    EXR_LAYERS = "exr_layers"


class SceneRequest(Body):
    """A scene, and how it is to be rendered."""

    model_config = show({"scene": "/work/lanterns.blend", "frames": "1-20"}, oneOf=SOURCES)

    scene: str | None = Field(
        None,
        description="Absolute path of the scene on this machine, for who shows this launch's key,"
        " also beside a token as `X-Yuntu-Key`; else a `package` is given",
        max_length=4096,
        json_schema_extra=ABSOLUTE,
    )
    package: str | None = Field(
        None, description="An uploaded package's id; else a `scene` is given", max_length=64
    )
    frames: str | None = Field(
        None, description="Frames such as `1-20x2,30`; else the scene's own range", max_length=4096
    )
    out: str | None = Field(
        None,
        description="Absolute path of the folder for the frames, for who shows this launch's key;"
        " else beside the scene, and those of a package are downloaded",
        max_length=4096,
        json_schema_extra=ABSOLUTE,
    )
    renderer: str | None = Field(None, description="Name, or name and version", max_length=64)
    allow_missing: bool = Field(False, description="Render although assets are missing")
    find_in: list[Annotated[str, Field(max_length=4096, json_schema_extra=ABSOLUTE)]] = Field(
        default_factory=list,
        max_length=16,
        description="Absolute paths of folders in which files that the scene misses are looked"
        " for by name; where several could be meant, none is taken",
    )
    width: int | None = Field(None, ge=4, le=65_536, description="Pixels; else the scene's own")
    height: int | None = Field(None, ge=4, le=65_536, description="Pixels; else the scene's own")
    samples: int | None = Field(None, ge=1, le=1_000_000, description="Else the scene's own")
    percentage: int | None = Field(
        None, ge=1, le=1_000, description="Of the resolution; else the scene's own"
    )
    camera: str | None = Field(
        None, min_length=1, max_length=255, description="The camera's name; else the scene's own"
    )
    view_layers: list[Annotated[str, Field(max_length=255)]] = Field(
        default_factory=list,
        max_length=100,
        description="The view layers to render; else those that the scene renders",
    )
    format: PictureFormat | None = Field(
        None, strict=False, description="What the frames are written as; else the scene's own"
    )


class RendererName(Shape):
    """Which renderer, in which version."""

    name: str = Field(description="The renderer's short name", examples=["blender"])
    version: str = Field(description="Its version", examples=["4.5.15"])


class EstimateView(Shape):
    """What a job is expected to cost and take; P50 in most cases, P90 in nearly all."""

    p50_micros: int = Field(description="What the job costs, P50, in micro-yuan")
    p90_micros: int = Field(description="What the job costs, P90, in micro-yuan")
    frame_p50_ms: int = Field(description="What one frame takes, P50")
    frame_p90_ms: int = Field(description="What one frame takes, P90")
    frame_p90_micros: int = Field(description="What one frame costs, P90, in micro-yuan")
    start_p90_micros: int = Field(
        default=0, description="What each node's first frame may cost more, P90, in micro-yuan"
    )
    job_p50_ms: int = Field(description="What the whole job takes here, P50")
    job_p90_ms: int = Field(description="What the whole job takes here, P90")
    source: str = Field(description="What the numbers rest on", examples=["samples"])


class PackageSize(Shape):
    """How much a scene and its assets are."""

    files: int = Field(description="How many files")
    bytes: int = Field(description="How large they are together")


class RelinkView(Shape):
    """A file that was not where the scene looks for it, and was found elsewhere."""

    path: str = Field(description="Where the scene looks for it", examples=["D:/tex/wood.png"])
    used_by: str = Field(description="What of the scene uses it", examples=["wood.png"])
    found: str = Field(description="What is packed for it", examples=["/work/textures/wood.png"])


class SceneCheck(Shape):
    """What is known of a scene before it is a job."""

    scene: str = Field(description="Absolute path of the scene", examples=["/work/lanterns.blend"])
    renderer: RendererName = Field(description="What would render it")
    facts: dict[str, Any] = Field(
        description="What the renderer says of the scene",
        examples=[{"engine": "CYCLES", "samples": 64}],
    )
    findings: list[FindingView] = Field(description="What is wrong or odd, all of it")
    frames: str | None = Field(description="The frames that would be rendered", examples=["1-20"])
    frames_total: int = Field(description="How many those are")
    out: str | None = Field(
        description="Where they would go; nothing where they are downloaded",
        examples=["/work/lanterns-frames"],
    )
    package: PackageSize = Field(description="What would be packed")
    relinked: list[RelinkView] = Field(
        description="The files that were found in the folders of `find_in`"
    )
    estimate: EstimateView | None = Field(description="What it would cost and take, if known")
    ok: bool = Field(description="Whether nothing stops the job")
