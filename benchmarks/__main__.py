"""Runs the benchmarks: `make bench`, or `make bench arguments="frames noop"` for some of them."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.calls import measure_calls
from benchmarks.catching_up import measure_catching_up
from benchmarks.folding import measure_folding
from benchmarks.frames import measure_frames
from benchmarks.noop import measure_noop
from benchmarks.results import Measurement, write_results
from benchmarks.scaling import measure_scaling
from benchmarks.signing_in import measure_signing_in
from benchmarks.sockets import measure_sockets
from benchmarks.startup import measure_memory, measure_start
from benchmarks.stores import measure_stores
from benchmarks.window import measure_window

RESULTS = Path(__file__).with_name("results") / "latest.json"
BENCHMARKS: dict[str, tuple[str, Callable[[Path], list[Measurement]]]] = {
    "frames": ("(a) 20 frames against plain Blender", measure_frames),
    "noop": ("(b) what Yuntu itself costs", measure_noop),
    "start": ("(c) start", measure_start),
    "memory": ("(d) memory", measure_memory),
    "signing": ("(g) signing in", measure_signing_in),
    "stores": ("(h) packages against rclone", measure_stores),
    "calls": ("(f) calls beside a bare route", measure_calls),
    "sockets": ("(i) live sockets", measure_sockets),
    "folding": ("(k) logs of a studio", measure_folding),
    "catching": ("(l) a machine that was away", measure_catching_up),
    "window": ("(w) the window", measure_window),
    "scaling": ("(e) big databases", measure_scaling),
}


def main(chosen: list[str]) -> None:
    """Run the chosen benchmarks, or all; print them and keep them as JSON."""
    results = {}
    for name in chosen or list(BENCHMARKS):
        title, measure = BENCHMARKS[name]
        sys.stdout.write(f"{title}\n")
        sys.stdout.flush()
        with tempfile.TemporaryDirectory(prefix="yuntu-bench-") as folder:
            results[name] = measure(Path(folder) / name)
        sys.stdout.write("\n".join(one.to_line() for one in results[name]) + "\n\n")
        sys.stdout.flush()
    write_results(RESULTS, results)
    sys.stdout.write(f"written to {RESULTS}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
