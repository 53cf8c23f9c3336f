"""What crosses a live connection, and connections as admins see them."""

from pydantic import Field

from local_server.shapes.shape import NUMBER_MAX, TIME, Body, Shape, show

CREDENTIAL_MAX = 4_096


class Hello(Body):
    """Who connects: with this launch's key or an access token."""

    model_config = show({"token": "…", "after": 1204})

    key: str = Field("", description="This launch's key", max_length=CREDENTIAL_MAX)
    token: str = Field("", description="An access token", max_length=CREDENTIAL_MAX)
    after: int | None = Field(
        None,
        ge=0,
        le=NUMBER_MAX,
        description="The last event that is known: what came after it is sent first",
    )
    language: str | None = Field(None, pattern="^(en|zh)$", description="Else as the browser asks")

    @property
    def credential(self) -> str:
        """Return what was shown."""
        return self.token or self.key


class JobToFollow(Body):
    """A job to follow, or to follow no longer."""

    model_config = show({"job": "lanterns-1", "log": True})

    job: str = Field(description="The job's id", max_length=64)
    log: bool = Field(False, description="Also what its renderers say")
    after: int | None = Field(
        None, ge=0, le=NUMBER_MAX, description="The last of its events that is known"
    )


class ConnectionView(Shape):
    """A live connection."""

    id: str = Field(description="The connection's id", examples=["Qm2xW7bLr5Yp"])
    account: str = Field(description="Whose it is")
    role: str = Field(description="What role they came with", examples=["artist"])
    session: str | None = Field(description="Their session; nothing for the launch's key")
    transport: str = Field(description="`websocket` or `polling`", examples=["websocket"])
    address: str = Field(description="Where from", examples=["127.0.0.1"])
    agent: str = Field(description="With which program")
    connected_at_ms: int = Field(description=TIME)
    jobs: list[str] = Field(description="Which jobs it follows")
    waiting: int = Field(description="How many messages it has not taken yet")


class ConnectionList(Shape):
    """Every live connection."""

    items: list[ConnectionView] = Field(description="The connections, the oldest first")
    people: int = Field(description="How many people they belong to")
    dropped: dict[str, int] = Field(
        description="How many were cut off since the start, by reason", examples=[{"slow": 1}]
    )
