"""The shapes of the server's answers, as the command line reads them."""

from typing import Any, Literal, NotRequired, TypedDict


class Reason(TypedDict):
    """Why something is as it is, in the reader's language."""

    code: str
    title: str
    detail: str


class Finding(Reason):
    """What pre-flight found."""

    severity: Literal["blocker", "warning"]


class Estimate(TypedDict):
    """What a job is expected to take; `source` says what the numbers rest on."""

    p50_micros: int | None
    p90_micros: int | None
    frame_p50_ms: int | None
    frame_p90_ms: int | None
    job_p50_ms: int | None
    job_p90_ms: int | None
    source: str


class Counts(TypedDict):
    """A job's frames by state."""

    total: int
    waiting: int
    rendering: int
    done: int
    failed: int
    cancelled: int
    reused: int


class FrameProgress(TypedDict):
    """How far a frame that is being rendered has come."""

    job: NotRequired[str]
    frame: int
    sample: int | None
    samples: int | None
    fraction: float | None
    remaining_ms: int | None


class RendererName(TypedDict):
    """A renderer and its version."""

    name: str
    version: str


class Delivery(TypedDict):
    """How many finished frames are not yet in the artist's folder, and why not."""

    waiting: int
    problem: Reason | None


class Job(TypedDict):
    """A job."""

    id: str
    name: str
    scene: str
    out: str | None
    renderer: RendererName | None
    state: str
    reason: Reason
    priority: int
    range: str | None
    frames: Counts
    fraction: float
    eta_ms: int | None
    estimate: Estimate | None
    held_micros: int
    cost_micros: int
    render_ms: int
    findings: list[Finding]
    created_at_ms: int
    started_at_ms: int | None
    finished_at_ms: int | None
    live: list[FrameProgress]
    delivery: Delivery
    forecast: NotRequired[dict[str, Any] | None]


class Attempt(TypedDict):
    """One try at a frame."""

    attempt: int
    node: str
    started_at_ms: int
    ended_at_ms: int | None
    outcome: str | None
    reason: Reason | None
    words: str | None


class Frame(TypedDict):
    """A frame; `path` is where it was delivered."""

    frame: int
    state: str
    attempt: int
    failures: int
    node: str | None
    reason: Reason | None
    words: str | None
    reused: bool
    amount_micros: int | None
    path: str | None
    extension: str | None
    size_bytes: int | None
    render_ms: int | None
    load_ms: int | None
    cores: int | None
    warnings: list[Reason]
    has_thumbnail: bool
    attempts: NotRequired[list[Attempt]]


class BillLine(TypedDict):
    """What one frame cost, and why; `full_micros` is what the price book asked."""

    frame: int
    render_ms: int
    cores: int
    rate_micros: int
    discount_basis_points: int
    full_micros: int
    amount_micros: int
    node: str
    attempt: int
    price_book: str | None
    reused: bool


class Bill(TypedDict):
    """What a job cost."""

    job: str
    name: str
    owner: str
    price_book: str | None
    rate_micros: int | None
    discount_basis_points: int | None
    held_micros: int
    released_micros: int
    total_micros: int
    refunded_micros: int
    frames_done: int
    frames_reused: int
    frames_failed: int
    estimate: Estimate | None
    lines: list[BillLine]


class Event(TypedDict):
    """Something that happened; `id` only ever grows."""

    id: int
    at_ms: int
    kind: str
    job: str | None
    frame: int | None
    data: dict[str, Any]


class Balance(TypedDict):
    """What the account has."""

    total_micros: int
    free_micros: int
    available_micros: int
    pool_micros: int
    held_micros: int
    spent_micros: int


class StatementLine(TypedDict):
    """One transfer of the ledger."""

    seq: int
    at_ms: int
    kind: str
    job: str | None
    amount_micros: int
    debit: str
    credit: str


class AuditCheck(TypedDict):
    """One thing the audit looked at."""

    code: str
    title: str
    ok: bool
    detail: str


class Audit(TypedDict):
    """Whether the books are in order."""

    clean: bool
    checks: list[AuditCheck]


class Renderer(TypedDict):
    """A renderer that is installed."""

    name: str
    title: str
    version: str
    executable: str
    scenes: list[str]
    proven: bool


class MissingRenderer(TypedDict):
    """A renderer that is known but not installed."""

    name: str
    title: str
    how_to_get: str


class Renderers(TypedDict):
    """What can render here."""

    items: list[Renderer]
    missing: list[MissingRenderer]


class PackageSize(TypedDict):
    """How much a scene and its assets are."""

    files: int
    bytes: int


class Check(TypedDict):
    """What pre-flight says of a scene."""

    scene: str
    renderer: RendererName | None
    facts: dict[str, Any] | None
    findings: list[Finding]
    frames: str | None
    frames_total: int
    package: PackageSize | None
    estimate: Estimate | None
    ok: bool
