"""The server itself, its node and its renderers, as they are shown."""

from pydantic import Field

from local_server.shapes.reasons import Reason
from local_server.shapes.shape import TIME, Shape


class NodeView(Shape):
    """How the server's own node is."""

    state: str = Field(description="`none`, `starting`, `up` or `down`", examples=["up"])
    id: str | None = Field(description="Its id, if there is one", examples=["render-07-5c0e"])
    name: str | None = Field(description="The machine's name")
    renderers: list[str] = Field(description="What it renders with", examples=[["blender-4.5.15"]])
    last_error: str = Field(
        description="How it ended the last time; empty if it never did", examples=[""]
    )
    log: list[str] = Field(description="The end of its log, while it is down")


class HealthView(Shape):
    """That the server answers, and how its node is."""

    status: str = Field(description="Always `ok`", examples=["ok"])
    version: str = Field(description="The program's version", examples=["0.1.0"])
    pid: int = Field(description="The server's process")
    started_at_ms: int = Field(description=TIME)
    node: NodeView = Field(description="Its own node")
    trouble: Reason | None = Field(
        description="What keeps work from going on right now", examples=[None]
    )


class LiveView(Shape):
    """That the server answers."""

    status: str = Field(description="Always `ok`", examples=["ok"])


class ReadyView(Shape):
    """That all the server stands on is in order."""

    status: str = Field(description="Always `ready`", examples=["ready"])
    parts: list[str] = Field(description="What was looked at", examples=[["database", "queue"]])


class RendererView(Shape):
    """A renderer that is here."""

    name: str = Field(description="Its short name", examples=["blender"])
    title: str = Field(description="Its name for people", examples=["Blender"])
    version: str = Field(description="Its version", examples=["4.5.15"])
    executable: str = Field(description="The program", examples=["/opt/blender/blender"])
    scenes: list[str] = Field(description="How its scenes' names end", examples=[[".blend"]])
    proven: bool = Field(description="Whether we have seen it render; else only its manual")


class MissingRenderer(Shape):
    """A renderer that is known but not here."""

    name: str = Field(description="Its short name", examples=["povray"])
    title: str = Field(description="Its name for people", examples=["POV-Ray"])
    proven: bool = Field(description="Whether we have seen it render; else only its manual")
    how_to_get: str = Field(description="What to do to have it")


class RendererList(Shape):
    """The renderers that are here, and those that are not."""

    items: list[RendererView] = Field(description="Those that are here")
    missing: list[MissingRenderer] = Field(description="Those that are not")


class EndingView(Shape):
    """That the server is about to end."""

    status: str = Field(description="Always `ending`", examples=["ending"])
