"""Islands: network namespaces, so that a node has a network of its own, which can be cut off."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field


@dataclass(kw_only=True, slots=True)
class Islands:
    """Namespaces that reach this machine by a bridge and nothing else; `close` takes them away."""

    host: str
    bridge: str
    links: dict[str, str] = field(default_factory=dict)

    def add(self, name: str) -> list[str]:
        """Make a namespace; returns what a command line begins with to run there."""
        number = len(self.links) + 2
        space, link = self.name_space(name), f"{self.bridge}-{number}"
        run_ip("netns", "add", space)
        self.links[name] = link
        run_ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", space)
        run_ip("link", "set", link, "master", self.bridge, "up")
        address = f"{self.host.rpartition('.')[0]}.{number}/24"
        for command in (
            ("addr", "add", address, "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("link", "set", "lo", "up"),
        ):
            run_ip("-n", space, *command)
        return ["ip", "netns", "exec", space]

    def cut(self, name: str) -> None:
        """Pull a namespace's plug."""
        run_ip("link", "set", self.links[name], "down")

    def mend(self, name: str) -> None:
        """Plug a namespace in again."""
        run_ip("link", "set", self.links[name], "up")

    def name_space(self, name: str) -> str:
        """Return what a namespace is called on this machine."""
        return f"{self.bridge}-{name}"

    def close(self) -> None:
        """Take everything away; its processes have ended."""
        for name in self.links:
            run_ip("netns", "del", self.name_space(name))
        run_ip("link", "del", self.bridge)


def open_islands() -> Islands | None:
    """Make a bridge for namespaces; None where this user or this machine may not."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return None
    number = os.getpid() % 250
    islands = Islands(host=f"10.231.{number}.1", bridge=f"yuntu{number}")
    made = subprocess.run(
        ["ip", "link", "add", islands.bridge, "type", "bridge"], capture_output=True, check=False
    )
    if made.returncode != 0:
        return None
    try:
        run_ip("addr", "add", f"{islands.host}/24", "dev", islands.bridge)
        run_ip("link", "set", islands.bridge, "up")
        islands.add("trial")
    except subprocess.CalledProcessError:
        islands.close()
        return None
    return islands


def run_ip(*argv: str) -> None:
    """Run `ip`."""
    subprocess.run(["ip", *argv], check=True, capture_output=True)
