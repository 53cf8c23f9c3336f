"""Measures: what Prometheus reads, in a registry of the server's own."""

import time
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlite_utils import Database

from local_server.farm.db import fetch_rows
from local_server.farm.states import FrameState, JobState

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
NOWHERE = "none"
Counts = dict[str, dict[str, int]]


class Measures:
    """Counts what happens, and tells it with what the database holds."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "yuntu_request_seconds",
            "How long requests took, by route",
            ("verb", "route", "status"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.sockets = Gauge("yuntu_sockets", "Live connections", registry=self.registry)
        self.dropped = Counter(
            "yuntu_sockets_dropped",
            "Live connections that were dropped, by reason",
            ("reason",),
            registry=self.registry,
        )
        self.pushes = Counter(
            "yuntu_pushes", "What was pushed to live connections", registry=self.registry
        )

    def watch_requests(self, app: Flask) -> None:
        """Time every request of an app."""

        @app.before_request
        def begin() -> None:
            g.began = time.perf_counter()

        @app.after_request
        def end(response: Response) -> Response:
            # An address that is no route would make as many series as there are typos.
            route = request.url_rule.rule if request.url_rule else NOWHERE
            labels = (request.method, route, str(response.status_code))
            self.requests.labels(*labels).observe(time.perf_counter() - g.began)
            return response

    def list_dropped(self) -> dict[str, int]:
        """Return how many live connections were dropped, by reason."""
        samples = [one for family in self.dropped.collect() for one in family.samples]
        return {
            one.labels["reason"]: int(one.value) for one in samples if one.name.endswith("_total")
        }

    def tell(self, counts: Counts, *, queued: int) -> bytes:
        """Return everything in Prometheus' text format."""
        registry = CollectorRegistry()
        registry.register(Snapshot(counts, queued))
        return generate_latest(self.registry) + generate_latest(registry)


class Snapshot:
    """What database and queue hold at one moment, as Prometheus collects it."""

    def __init__(self, counts: Counts, queued: int) -> None:
        self.counts = counts
        self.queued = queued

    def collect(self) -> Iterator[Metric]:
        """Give each family of numbers."""
        for name, label, words in (
            ("jobs", "state", "Jobs by state"),
            ("frames", "state", "Frames by state"),
            ("attempts", "outcome", "Attempts of the last hour by outcome"),
        ):
            family = GaugeMetricFamily(f"yuntu_{name}", words, labels=[label])
            for value, count in self.counts[name].items():
                family.add_metric([value], count)
            yield family
        queued = GaugeMetricFamily("yuntu_queue_messages", "Messages that wait on the queue")
        queued.add_metric([], self.queued)
        yield queued


def count_work(db: Database, since_ms: int) -> Counts:
    """Count jobs and frames by state, and attempts that began since a moment by outcome."""
    jobs: dict[str, int] = dict.fromkeys(JobState, 0)
    frames: dict[str, int] = dict.fromkeys(FrameState, 0)
    sums = ", ".join(f"sum(frames_{state}) AS {state}" for state in FrameState)
    for row in fetch_rows(db, f"SELECT state, count(*) AS jobs, {sums} FROM job GROUP BY state"):
        jobs[row["state"]] = row["jobs"]
        for state in FrameState:
            frames[state] += row[state]
    attempts: dict[str, Any] = dict.fromkeys(("done", "failed", "lost", "stopped", "open"), 0)
    for row in fetch_rows(
        db,
        "SELECT coalesce(outcome, 'open') AS outcome, count(*) AS attempts FROM attempt"
        " WHERE started_at_ms >= ? GROUP BY 1",
        (since_ms,),
    ):
        attempts[row["outcome"]] = row["attempts"]
    return {"jobs": jobs, "frames": frames, "attempts": attempts}
