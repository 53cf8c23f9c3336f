"""Bills as PDF: one A4 page after another, in the reader's language, every amount to the micro."""

from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files
from io import BytesIO
from itertools import groupby, islice
from pathlib import Path

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from local_server.charges import explain_charges
from local_server.farm.db import Row
from local_server.farm.ledger import format_cny
from local_server.wording import Wording, show_money

# What is used of the Chinese face is embedded. It has all that GB 2312 has; for rarer characters
# there is one that readers of PDF bring along themselves.
CHINESE, RARE, PLAIN, BOLD = "NotoSansSC", "STSong-Light", "Helvetica", "Helvetica-Bold"
FACE = ("fonts", "NotoSansSC-GB2312.ttf")
INK, QUIET, RULE = HexColor("#1c1c1c"), HexColor("#6b6b6b"), HexColor("#c9c9c9")
WIDTH, HEIGHT = A4
MARGIN = 18 * mm
LINE_HEIGHT = 5 * mm
LINES_MAX = 5_000
LATIN = bytes(range(0xA0, 0x100)).decode("latin-1") + "…–—"
COLUMNS = (  # label, right or left edge from the margin in mm, aligned to the right
    ("frame", 14, True),
    ("seconds", 36, True),
    ("cores", 50, True),
    ("rate", 76, True),
    ("full", 102, True),
    ("amount", 128, True),
    ("node", 134, False),
)


def write_bill_pdf(bill: Row, wording: Wording) -> bytes:
    """Return a bill as PDF. Of a very long one the first lines are listed, and it says so."""
    register_faces()
    file = BytesIO()
    sheet = Sheet(Canvas(file, pagesize=A4, pageCompression=1, invariant=1), wording)
    sheet.canvas.setTitle(sheet.say("title", job=bill["job"]))
    sheet.draw_head(bill)
    sheet.draw_sums(bill)
    sheet.draw_table(list_cells(bill, wording))
    if len(bill["lines"]) > LINES_MAX:
        left = len(bill["lines"]) - LINES_MAX
        sheet.draw_remark(sheet.say("more", count=left, job=bill["job"]))
    sheet.y -= 2 * mm
    for told in explain_charges(bill["lines"], wording):
        sheet.draw_remark(told)
    sheet.draw_refunds(bill["refunds"])
    sheet.end_page()
    sheet.canvas.save()
    return file.getvalue()


def register_faces() -> None:
    """Let reportlab know the faces that it does not bring along."""
    if CHINESE not in pdfmetrics.getRegisteredFontNames():
        path = Path(str(files("resources"))).joinpath(*FACE)
        pdfmetrics.registerFont(TTFont(CHINESE, str(path)))
        pdfmetrics.registerFont(UnicodeCIDFont(RARE))


def list_cells(bill: Row, wording: Wording) -> Iterator[tuple[str, ...]]:
    """Give the cells of each frame's line."""
    for line in islice(bill["lines"], LINES_MAX):
        free = wording.say("bill_reused").title
        yield (
            str(line["frame"]),
            f"{line['render_ms'] / 1000:,.3f}",
            str(line["cores"]),
            free if line["reused"] else format_cny(line["rate_micros"]),
            "" if line["reused"] else format_cny(line["full_micros"]),
            format_cny(line["amount_micros"]),
            f"{line['node_name'] or line['node'] or ''} #{line['attempt']}",
        )


class Sheet:
    """Pages that are being drawn from the top down; `y` is how far above the lower edge."""

    def __init__(self, canvas: Canvas, wording: Wording) -> None:
        self.canvas = canvas
        self.wording = wording
        self.page = 1
        self.y = HEIGHT - MARGIN

    def say(self, name: str, **params: str | int) -> str:
        """Return a label of a bill."""
        return self.wording.say(f"bill_{name}", **params).title

    def draw_head(self, bill: Row) -> None:
        """Draw what the bill is about."""
        self.draw(MARGIN, self.say("brand"), size=11, quiet=True)
        self.y -= 10 * mm
        self.draw(MARGIN, self.say("title", job=bill["job"]), size=20, bold=True)
        self.y -= 9 * mm
        ended = bill["finished_at_ms"]
        for name, value in (
            ("name", bill["name"]),
            ("owner", bill["owner"]),
            ("submitted", show_moment(bill["created_at_ms"])),
            ("ended", self.say("going_on") if ended is None else show_moment(ended)),
            ("prices", bill["price_book"] or "-"),
            ("level", self.describe_level(bill)),
        ):
            self.draw(MARGIN, self.say(name), quiet=True)
            self.draw(MARGIN + 34 * mm, value, width=WIDTH - 2 * MARGIN - 34 * mm)
            self.y -= LINE_HEIGHT
        self.y -= 3 * mm

    def describe_level(self, bill: Row) -> str:
        """Return the membership level with its discount."""
        discount = (bill["discount_basis_points"] or 0) / 100
        return f"{bill['level'] or '-'}  ({discount:g} %)"

    def draw_sums(self, bill: Row) -> None:
        """Draw what it comes to, the sum that is to be paid last."""
        due = bill["total_micros"] - bill["refunded_micros"]
        rows = [("held", bill["held_micros"]), ("released", -bill["released_micros"])]
        rows += [("frames", bill["total_micros"])]
        if bill["refunded_micros"]:
            rows += [("refunded", -bill["refunded_micros"])]
        edge = MARGIN + 102 * mm
        for name, micros in rows:
            self.draw(MARGIN, self.say(name), quiet=True)
            self.draw(edge, format_cny(micros), right=True)
            self.y -= LINE_HEIGHT
        self.draw_rule(edge)
        self.y -= 5 * mm
        self.draw(MARGIN, self.say("due"), size=12, bold=True)
        self.draw(edge, show_money(due), size=12, bold=True, right=True)
        self.y -= 6 * mm
        counts = {name: bill[f"frames_{name}"] for name in ("done", "reused", "failed")}
        self.draw(MARGIN, self.say("counts", **counts), quiet=True)
        self.y -= 10 * mm

    def draw_table(self, lines: Iterator[tuple[str, ...]]) -> None:
        """Draw a line for every frame, with headings on every page."""
        self.draw_headings()
        for cells in lines:
            if self.y < MARGIN + 2 * LINE_HEIGHT:
                self.begin_page()
                self.draw_headings()
            for text, (_, edge, right) in zip(cells, COLUMNS, strict=True):
                room = None if right else WIDTH - 2 * MARGIN - edge * mm
                self.draw(MARGIN + edge * mm, text, size=8, right=right, width=room)
            self.y -= LINE_HEIGHT

    def draw_headings(self) -> None:
        """Draw the headings of the columns."""
        for name, edge, right in COLUMNS:
            label = self.say(f"column_{name}")
            self.draw(MARGIN + edge * mm, label, size=8, quiet=True, right=right)
        self.y -= 1.5 * mm
        self.draw_rule(WIDTH - MARGIN)
        self.y -= 2.5 * mm

    def draw_refunds(self, refunds: list[Row]) -> None:
        """Draw what was given back, and why."""
        if not refunds:
            return
        self.y -= 6 * mm
        self.draw_remark(self.say("refunds"), bold=True)
        for one in refunds:
            where = "" if one["frame"] is None else f"#{one['frame']}  "
            told = f"{show_moment(one['at_ms'])}  {where}{one['reason']}"
            self.make_room()
            self.draw(MARGIN, told, size=8, width=100 * mm)
            amount = format_cny(-one["amount_micros"])
            self.draw(MARGIN + 128 * mm, amount, size=8, right=True)
            self.draw(MARGIN + 134 * mm, one["by"], size=8, width=38 * mm)
            self.y -= LINE_HEIGHT

    def draw_remark(self, text: str, *, bold: bool = False) -> None:
        """Draw a sentence on a line of its own."""
        self.make_room()
        self.draw(MARGIN, text, bold=bold, quiet=not bold, width=WIDTH - 2 * MARGIN)
        self.y -= LINE_HEIGHT

    def make_room(self) -> None:
        """Begin a page where this one is full."""
        if self.y < MARGIN + 2 * LINE_HEIGHT:
            self.begin_page()

    def begin_page(self) -> None:
        """End the page and begin the next one."""
        self.end_page()
        self.page += 1
        self.y = HEIGHT - MARGIN

    def end_page(self) -> None:
        """Number the page and turn it over."""
        self.y = MARGIN
        self.draw(MARGIN, self.say("unit"), size=7, quiet=True)
        page = self.say("page", page=self.page)
        self.draw(WIDTH - MARGIN, page, size=7, quiet=True, right=True)
        self.canvas.showPage()

    def draw_rule(self, edge: float) -> None:
        """Draw a thin line from the margin."""
        self.canvas.setStrokeColor(RULE)
        self.canvas.setLineWidth(0.4)
        self.canvas.line(MARGIN, self.y, edge, self.y)
        self.y -= 1.5 * mm

    def draw(
        self,
        x: float,
        text: str,
        *,
        size: float = 9,
        bold: bool = False,
        quiet: bool = False,
        right: bool = False,
        width: float | None = None,
    ) -> None:
        """Draw a text at the height that has been reached, cut to a width."""
        text = clean(text)
        plain = BOLD if bold else PLAIN
        while width is not None and text and measure(text, plain, size) > width:
            text = f"{text[:-2]}…" if len(text) > 1 else ""
        x -= measure(text, plain, size) if right else 0
        self.canvas.setFillColor(QUIET if quiet else INK)
        for font, run in split_runs(text, plain):
            self.canvas.setFont(font, size)
            self.canvas.drawString(x, self.y, run)
            x += pdfmetrics.stringWidth(run, font, size)


def split_runs(text: str, plain: str) -> list[tuple[str, str]]:
    """Return a text in runs, each with the font that has its characters."""
    fonts = [choose_face(one, plain) for one in text]
    runs = groupby(zip(fonts, text, strict=True), key=lambda pair: pair[0])
    return [(font, "".join(one for _, one in pairs)) for font, pairs in runs]


def choose_face(character: str, plain: str) -> str:
    """Return the font that has a character."""
    if character.isascii() or character in LATIN:
        return plain
    return CHINESE if ord(character) in pdfmetrics.getFont(CHINESE).face.charToGlyph else RARE


def measure(text: str, plain: str, size: float) -> float:
    """Return how wide a text is, in points."""
    runs = split_runs(text, plain)
    return float(sum(pdfmetrics.stringWidth(run, font, size) for font, run in runs))


def clean(text: str) -> str:
    """Return a text without what no line can show: control characters, and beyond the plane."""
    return "".join(one if one.isprintable() and ord(one) < 0x1_0000 else "?" for one in text)


def show_moment(at_ms: int) -> str:
    """Return a moment on this machine's clock, with its distance from UTC."""
    moment = datetime.fromtimestamp(at_ms / 1000).astimezone()
    return f"{moment:%Y-%m-%d %H:%M} (UTC{moment:%z})"
