"""Other machines' jobs, and what travels between this machine and the studio's store."""

from pydantic import Field

from local_server.carrier import Load
from local_server.farm.transfer_rules import Wanted
from local_server.shapes.reasons import Reason
from local_server.shapes.shape import ABSOLUTE, NUMBER_MAX, Body, Shape, show

AWAY_JOB = r"^[a-z0-9][a-z0-9_-]{0,63}:[^\x00-\x20\x7f-\x9f:@/|]{1,100}$"
MBPS_MAX = 100_000


class TransferView(Shape):
    """What waits to travel, of one kind."""

    load: Load = Field(description="What: packages and results go out, arrivals come in")
    files_left: int = Field(description="How many files are left")
    bytes_left: int = Field(description="How many bytes are left; 0 before they were looked at")
    bytes_per_second: int = Field(description="How fast it goes right now")
    left_ms: int | None = Field(description="How long it still takes; null while unknown")
    trouble: Reason | None = Field(description="Why it does not get on", examples=[None])


class TransfersView(Shape):
    """What travels between this machine and the stores beyond, and by which rules."""

    paused: bool = Field(description="Nothing travels until this is taken back")
    mbps: float = Field(description="Megabits a second at most, for all together; 0: no limit")
    results: Wanted = Field(description="Which other machines' results come here by themselves")
    folder: str = Field(description="Where they go, each job into a folder of its own")
    lost: int = Field(description="Finished frames whose files are lost here: no machine gets them")
    items: list[TransferView] = Field(description="What waits; nothing where all is there")


class TransfersChange(Body):
    """Rules of transfers to change; what is not given stays."""

    model_config = show({"results": "all", "folder": "/renders/studio"})

    paused: bool | None = Field(None, description="Let go of everything under way, or go on")
    mbps: float | None = Field(
        None, ge=0, le=MBPS_MAX, description="Megabits a second at most; 0: no limit"
    )
    results: Wanted | None = Field(
        None, strict=False, description="Which other machines' results come here by themselves"
    )
    folder: str | None = Field(
        None,
        max_length=4_096,
        description="Where they go; empty for the usual place",
        json_schema_extra={"pattern": f"^$|{ABSOLUTE['pattern']}"},
    )


class AwayJobView(Shape):
    """A job of another machine, as its log tells of it."""

    id: str = Field(description="What it is called here", examples=["d1f0:lanterns-1"])
    device: str = Field(description="The machine")
    job: str = Field(description="The job's id there")
    owner: str = Field(description="Whose it is")
    name: str = Field(description="Its name")
    state: str = Field(
        description="Where it stood when that machine last told of it", examples=["running"]
    )
    frames_total: int = Field(description="How many frames it has")
    frames: list[int] = Field(description="The frames whose pictures are in the studio's store")
    came: int = Field(description="How many of them are on this machine as well")
    missed: int = Field(description="How many could not be fetched: they are tried when asked for")
    folder: str | None = Field(description="Where they are here; null while none came")
    wanted: bool | None = Field(description="Whether somebody asked for them; null: by the rule")
    cost_micros: int = Field(description="What it came to so far, in micro-yuan")
    at_ms: int = Field(description="When it told of it, in ms since 1970")


class AwayJobList(Shape):
    """Other machines' jobs, the newest first."""

    items: list[AwayJobView] = Field(description="The jobs")


class AwayJobPath(Shape):
    """Another machine's job in the address."""

    away_job: str = Field(description="The machine and the job's id there", pattern=AWAY_JOB)


class AwayFramePath(AwayJobPath):
    """A frame of another machine's job in the address."""

    number: int = Field(ge=-NUMBER_MAX, le=NUMBER_MAX, description="The frame's number")


class FetchRequest(Body):
    """Whether to bring another machine's frames here."""

    model_config = show({"wanted": True})

    wanted: bool = Field(True, description="False leaves them there, whatever the rule says")
