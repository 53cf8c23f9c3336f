"""The roster: which renderers the nodes that are up can run."""

from gevent.event import Event

from local_server.farm.errors import Unavailable
from render.protocol import Hello
from render.renderers import Origin, Renderer, RendererSpec

HELLO_SECONDS_MAX = 60


class Roster:
    """Learns from nodes' greetings which renderers there are."""

    def __init__(self, specs: tuple[RendererSpec, ...]) -> None:
        self.specs = {spec.name: spec for spec in specs}
        self.renderers: dict[str, Renderer] = {}
        self.heard = Event()
        self.nodes: set[str] = set()

    def hear(self, hello: Hello) -> bool:
        """Note a node's renderers and say whether the node is a new one.

        A kind of renderer that this machine has no description of is skipped.
        """
        for told in hello.renderers:
            spec = self.specs.get(told["name"])
            if spec is not None:
                renderer = Renderer(
                    spec=spec,
                    version=told["version"],
                    command=(told["executable"],),
                    origin=Origin(told["origin"]),
                )
                self.renderers[renderer.key] = renderer
        new = hello.node not in self.nodes
        self.nodes.add(hello.node)
        self.heard.set()
        return new

    def wait(self) -> list[Renderer]:
        """Return the renderers, waiting for the first node. Raises Unavailable `no_node`."""
        if not self.heard.wait(HELLO_SECONDS_MAX):
            raise Unavailable("no_node")
        return list(self.renderers.values())

    def list_missing(self) -> list[RendererSpec]:
        """Return the renderers that no node has."""
        here = {renderer.name for renderer in self.renderers.values()}
        return [spec for spec in self.specs.values() if spec.name not in here]
