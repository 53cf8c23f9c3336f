"""Scenes that are asked for, and what they are expected to take."""

from pydantic import Field

from local_server.shapes.shape import Shape


class SceneRequest(Shape):
    """A scene, and how it is to be rendered."""

    scene: str = Field(description="Absolute path of the scene on this machine", max_length=4096)
    frames: str | None = Field(
        None, description="Frames such as `1-20x2,30`; else the scene's own range", max_length=4096
    )
    out: str | None = Field(None, description="Folder for the frames", max_length=4096)
    renderer: str | None = Field(None, description="Name, or name and version", max_length=64)
    allow_missing: bool = Field(False, description="Render although assets are missing")
    width: int | None = Field(None, ge=4, le=65_536, description="Pixels; else the scene's own")
    height: int | None = Field(None, ge=4, le=65_536, description="Pixels; else the scene's own")
    samples: int | None = Field(None, ge=1, le=1_000_000, description="Else the scene's own")


class RendererName(Shape):
    """Which renderer, in which version."""

    name: str
    version: str


class EstimateView(Shape):
    """What a job is expected to cost and take."""

    p50_micros: int
    p90_micros: int
    frame_p50_ms: int
    frame_p90_ms: int
    frame_p90_micros: int
    job_p50_ms: int
    job_p90_ms: int
    source: str
