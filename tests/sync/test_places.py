"""Places that threads of gevent's share: nobody waits for one that is free."""

import subprocess
import sys

CROWD = """
from gevent import monkey
monkey.patch_all()
import time
from gevent.threadpool import ThreadPool
from sync.limits import Bandwidth, Limits

limits, pool = Limits(parallel=4, bandwidth=Bandwidth(1e12)), ThreadPool(8)
at_once, most = [], []

def travel(number):
    with limits.transfer(number):
        at_once.append(number)
        most.append(len(at_once))
        time.sleep(0.0005)
        at_once.remove(number)

for _ in range(300):
    for one in [pool.spawn(travel, number) for number in range(8)]:
        one.get()
print(len(most), max(most))
"""


def test_nobody_waits_for_a_place_that_is_free() -> None:
    """Each thread of a pool has a loop of its own, as the server's requests to a store have."""
    told = subprocess.run(
        [sys.executable, "-c", CROWD], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.split() == ["2400", "4"]
