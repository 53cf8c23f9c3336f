"""Synchronising and the studio's machines, as they are asked for and shown."""

from pydantic import Field

from local_server.shapes.elsewhere import TransfersView
from local_server.shapes.shape import NAME, Body, Shape, show


class TroubleView(Shape):
    """What keeps machines apart, for people."""

    code: str = Field(description="Which trouble", examples=["store_away"])
    title: str = Field(description="It in a few words")
    detail: str = Field(description="What to do")


class WaitingView(Shape):
    """Something this machine did that the studio's logs leave no room for yet."""

    id: str = Field(description="The operation", examples=["settle:lanterns-1:7"])
    kind: str = Field(description="What it does", examples=["settle"])
    owner: str = Field(description="Whose money it is")
    job: str | None = Field(description="The job that it is for")
    amount_micros: int = Field(description="How much, in micro-yuan")
    at_ms: int = Field(description="When it was done, in ms since 1970")
    reason: str = Field(description="Why it waits", examples=["hold_too_small"])
    title: str = Field(description="Why, in a few words")


class PlanLine(Shape):
    """What a cycle would put into one log."""

    log: str = Field(description="`treasury` or `device`", examples=["device"])
    kind: str = Field(description="What the operations do", examples=["settle"])
    count: int = Field(description="How many there are")
    amount_micros: int = Field(description="How much they move, in micro-yuan")


class ConflictsView(Shape):
    """What met what another machine did and gave way. Nothing is lost by it."""

    entries: int = Field(
        description="Entries in the last seven days that another machine's came before: made anew"
    )
    profiles: int = Field(
        description="Fields of profiles in the last seven days that were edited here and elsewhere"
        " at once: the edit made here stands, the other is in the person's history"
    )
    charges: int = Field(description="Charges that wait because nothing is left to pay them from")


class SyncView(Shape):
    """How this machine and its studio's store stand."""

    studio: str = Field(description="The studio")
    device: str = Field(description="This machine")
    store: str = Field(description="Where the studio's store is")
    key_variable: str | None = Field(
        description="The server's environment variable that a bucket's key comes from, whatever key"
        " is kept; null: none is set"
    )
    busy: bool = Field(description="A cycle is under way")
    done_at_ms: int | None = Field(description="When the last whole cycle ended; null: none yet")
    tried_at_ms: int | None = Field(description="When the last one began")
    unsealed: int = Field(description="Operations that no log carries yet")
    unfunded: int = Field(description="Operations that wait for money or for a decision")
    conflicts: ConflictsView = Field(description="What gave way to what other machines did")
    trouble: TroubleView | None = Field(
        description="What the last cycle failed with", examples=[None]
    )
    plan: list[PlanLine] = Field(description="What the next cycle would put")
    transfers: TransfersView = Field(description="What travels to the store and from it")


class DifferenceView(Shape):
    """Something that was not as the studio's logs say."""

    kind: str = Field(
        description="`object`, `state`, `id`, `operation`, `transfer` or `purse`: where it was",
        examples=["purse"],
    )
    name: str = Field(description="Which one", examples=["pool:me"])


class RefoldRequest(Body):
    """Folding the studio's logs from nothing."""

    model_config = show({"refill": False})

    refill: bool = Field(
        False, description="Put back what is known also where the store has nothing of the studio"
    )


class RefoldView(Shape):
    """What folding the studio's logs from nothing came to."""

    digest: str = Field(description="The SHA-256 of the state, the same on every machine")
    objects: int = Field(description="How many entries were read from the store")
    operations: int = Field(description="How many operations of money they come to")
    differences: list[DifferenceView] = Field(
        description="What was otherwise on this machine, the first of each kind; mended by now"
    )
    took_ms: int = Field(description="How long it took, in ms")


class SnapshotView(Shape):
    """A snapshot that new machines begin with."""

    digest: str = Field(description="The SHA-256 of its bytes, which the treasury names")


class WaitingList(Shape):
    """What waits, oldest first."""

    items: list[WaitingView] = Field(description="The operations")


class OperationPath(Shape):
    """An operation that waits."""

    operation: str = Field(description="Its id", max_length=300)


class DevicePath(Shape):
    """A machine of the studio."""

    device: str = Field(description="Its id", pattern=NAME)


class DeviceView(Shape):
    """A machine of the studio."""

    id: str = Field(description="Its id", examples=["d1f0"])
    host: str = Field(description="What it calls itself")
    name: str = Field(
        description="Its name, for people: with a part of its id where another is called the same",
        examples=["render-07"],
    )
    here: bool = Field(description="It is this one")
    state: str = Field(description="`member` or `out`", examples=["member"])
    epoch: int = Field(description="Which epoch of its log is open, or was the last")
    entries: int = Field(description="How many entries that epoch has")
    leased_micros: int = Field(description="What it has leased and not spent, in micro-yuan")


class DeviceList(Shape):
    """The studio's machines."""

    studio: str = Field(description="The studio")
    alone: bool = Field(description="No other machine reaches its store: none can be invited")
    mints: bool = Field(description="This machine may mint: it is an admin's")
    treasurer: str | None = Field(
        description="The machine that alone keeps the treasury; null: the store needs none"
    )
    keys: str = Field(description="Where this machine keeps its keys, in a sentence")
    items: list[DeviceView] = Field(description="The machines")


class TreasurerRequest(Body):
    """Which machine keeps the treasury from now on."""

    model_config = show({"device": "d2345678", "take": False})

    device: str = Field(description="The machine", pattern=NAME)
    take: bool = Field(
        False, description="Take the office from a machine that is gone and will write no more"
    )


class AskingView(Shape):
    """What another machine asks for: money that came out of the studio it moved out of."""

    id: str = Field(description="The asking", examples=["d1f0-3"])
    device: str = Field(description="Which machine asks")
    owner: str = Field(description="For whose account")
    amount_micros: int = Field(description="How much, in micro-yuan")
    studio: str = Field(description="The studio that the money came out of")
    proof: str = Field(description="The digest of that studio's last entry")
    at_ms: int = Field(description="When it was asked, in ms since 1970")


class AskingList(Shape):
    """What is asked and not answered yet, oldest first."""

    items: list[AskingView] = Field(description="The askings")


class AskingPath(Shape):
    """An asking in the address."""

    asking: str = Field(description="The asking's id", max_length=300)


class InviteRequest(Body):
    """An invite for one machine."""

    model_config = show({"mints": False, "days": 1})

    mints: bool = Field(False, description="The machine is an admin's: it may mint as well")
    days: int = Field(1, ge=1, le=7, description="For how many days it is good")


class InviteView(Shape):
    """What the machine that is invited is given. Whoever has it can join: hand it over safely."""

    invite: str = Field(
        description="The invite, for `yuntu studio join` or, of a farm, for `yuntu node --invite`"
    )
