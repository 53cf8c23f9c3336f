"""Nodes, as they are shown: the machines that render."""

from pydantic import Field

from local_server.farm.sites import Site
from local_server.shapes.shape import TIME, Shape


class LeftOutView(Shape):
    """A job that gives a node nothing for a while, because it kept failing."""

    job: str = Field(description="The job", examples=["lanterns-1"])
    until_ms: int = Field(description=TIME)
    in_a_row: int = Field(description="How many of its frames the node failed one after the other")


class NodeRow(Shape):
    """A node that was heard of lately."""

    id: str = Field(description="The node's id", examples=["render-07-5c0e"])
    name: str = Field(description="Its machine's name", examples=["render-07"])
    site: Site = Field(description="Whether it renders here or on the farm", examples=["here"])
    version: str = Field(description="The program's version", examples=["0.1.0"])
    renderers: list[str] = Field(description="What it renders with", examples=[["blender-4.5.15"]])
    slots: int = Field(description="How many frames it renders side by side at most")
    rendering: int = Field(description="How many of this server's frames it renders now")
    started_at_ms: int = Field(description=TIME)
    seen_at_ms: int = Field(description=TIME)
    left_out: list[LeftOutView] = Field(description="Your jobs that it is left out of for a while")


class NodeList(Shape):
    """The nodes that were heard of lately."""

    items: list[NodeRow] = Field(description="The nodes, the latest started first")
