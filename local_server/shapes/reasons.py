"""Reasons and findings, with their words."""

from local_server.shapes.shape import Shape


class Reason(Shape):
    """Why something is as it is."""

    code: str
    title: str
    detail: str


class FindingView(Reason):
    """What pre-flight found."""

    severity: str
