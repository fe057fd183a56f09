"""What the peers share: forms of the same work, timed in turn, reported as JSON.

A form is a function without arguments that does one step. All forms get the same inputs; the table
takes the fastest.
"""
import json
import os
import time

THREADS = int(os.environ.get("OMP_NUM_THREADS", "2"))


def milliseconds(step, seconds, least, warm_up):
    """Times of one step each, for so many seconds but at least so often."""
    for _ in range(warm_up):
        step()
    times, end = [], time.perf_counter() + seconds
    while len(times) < least or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - start))
    return sorted(times)


def report(peer, forms, seconds=1.0, least=3, warm_up=2):
    """Prints {"peer": NAME AND VERSION, "forms": {NAME: {"median_ms", "min_ms", "max_ms"}}}."""
    result = {}
    for name, step in forms.items():
        times = milliseconds(step, seconds, least, warm_up)
        result[name] = {"median_ms": times[len(times) // 2], "min_ms": times[0],
                        "max_ms": times[-1]}
    print(json.dumps({"peer": peer, "threads": THREADS, "forms": result}))
