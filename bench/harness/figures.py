"""What is measured. Each function takes a run and a started proxy class, and gives {metric: value}."""
import glob
import os
import re
import signal
import subprocess
import time

from .processes import BenchError, Process, cpu_microseconds, resident_kib

CONNECTIONS = 64
#: Seconds until a proxy has seen that the last run closed its connections: what it does then belongs to that run.
SETTLE = 0.3


class Run:
    """The sizes of one run, and the load generator."""

    def __init__(self, bench, load, quick):
        self.bench = bench
        self.load = load
        self.quick = quick

    def size(self, whole, quick):
        return quick if self.quick else whole

    def warm(self, target):
        self.load.run("json", target, connections=CONNECTIONS, requests=2000)
        self.load.run("stream", target, connections=CONNECTIONS, requests=128, events=20)


def json_cpu(run, target):
    """CPU of the proxy per plain request, 64 connections in a closed loop."""
    run.warm(target)
    before = cpu_microseconds(target.pid)
    seen = run.load.run("json", target, connections=CONNECTIONS, requests=run.size(40000, 8000))
    spent = cpu_microseconds(target.pid) - before
    return {
        "cpu_us_per_request": spent / seen["ok"],
        "requests_per_second": seen["ok"] / seen["seconds"],
        "latency_p50_us": seen["latency_us"]["p50"],
        "latency_p99_us": seen["latency_us"]["p99"],
    }


def stream_cpu(run, target):
    """CPU per delta event, 64 unpaced streams: the upstream writes one event at a time, as fast as it may."""
    run.warm(target)
    before = cpu_microseconds(target.pid)
    seen = run.load.run(
        "stream", target, connections=CONNECTIONS, requests=run.size(640, 128), events=500
    )
    spent = cpu_microseconds(target.pid) - before
    return {
        "cpu_us_per_event": spent / seen["deltas"],
        "events_per_second": seen["deltas"] / seen["seconds"],
        "events_per_client_read": seen["events"] / seen["reads"],
    }


def paced_cpu(run, target):
    """CPU per delta event, 1,000 streams of 20 events/s."""
    run.warm(target)
    before = cpu_microseconds(target.pid)
    seen = run.load.run(
        "paced", target, connections=1000, rate=20, events=20 * run.size(10, 3), tick=run.tick
    )
    spent = cpu_microseconds(target.pid) - before
    return {
        "cpu_us_per_event": spent / seen["deltas"],
        "events_per_client_read": seen["events"] / seen["reads"],
    }


def held(run, target):
    """Resident memory per stream that is open and silent; the proxy is warm before."""
    run.warm(target)
    streams = min(run.size(5000, 1000), (run.bench.descriptors - 500) // 2)
    before = resident_kib(target.pid)
    process, seen = run.load.hold(target, connections=streams)
    try:
        if seen["errors"] or seen["open"] != streams:
            raise BenchError(
                f"{seen['open']} of {streams} streams held by {target.name}: {seen['first_error']} {target.said()}"
            )
        time.sleep(1)  # what is freed after the last event is freed now
        after = resident_kib(target.pid)
    finally:
        run.load.release(process)
    return {"kib_per_stream": (after - before) / streams, "streams": streams, "kib_before": before}


def latency(run, target):
    """200 requests/s in an open loop; a request that should have left counts from then."""
    if target.name != "direct":
        run.warm(target)
    seen = run.load.run("rate", target, rate=200, seconds=run.size(10, 3), connections=16)
    return {"p50_us": seen["latency_us"]["p50"], "p99_us": seen["latency_us"]["p99"]}


def half_load(run, target):
    """The same at half of what the proxy just managed in a closed loop."""
    run.warm(target)
    full = run.load.run("json", target, connections=CONNECTIONS, requests=run.size(30000, 8000))
    rate = full["ok"] / full["seconds"] / 2
    seen = run.load.run("rate", target, rate=int(rate), seconds=run.size(5, 2), connections=CONNECTIONS)
    return {"rate": rate, "p50_us": seen["latency_us"]["p50"], "p99_us": seen["latency_us"]["p99"]}


def capacity(run, target):
    """10,000 streams of 2 events/s through one proxy thread: how many failed."""
    # Each stream takes two descriptors of the proxy.
    streams = min(run.size(10000, 2000), (run.bench.descriptors - 200) // 2)
    before = cpu_microseconds(target.pid)
    seen = run.load.run(
        "paced", target, tolerate=True, connections=streams, rate=2, events=run.size(20, 6), tick=run.tick
    )
    spent = cpu_microseconds(target.pid) - before
    failures = seen["errors"] + seen["open"]
    if failures:
        print(f"  {target.name}: {failures} of {streams} streams failed: {seen['first_error']} {target.said()}")
    return {
        "streams": streams,
        "failures": failures,
        "cpu_share": spent / 1e6 / seen["seconds"],
        "cpu_us_per_event": spent / max(1, seen["deltas"]),
        "peak_kib": resident_kib(target.pid),
    }


def count_syscalls(run, target, action):
    """The system calls of all threads of the proxy during `action`: {name: calls}."""
    table = f"{target.prefix}/strace"
    log = f"{target.prefix}/strace.log"
    if os.path.exists(log):
        os.remove(log)  # what the last one said is not what this one says
    tracer = Process(
        ["strace", "-f", "-c", "-U", "name,calls", "-o", table, "-p", str(target.pid)],
        log,
    )
    try:
        for _ in range(500):
            if "attached" in tracer.said():
                break
            time.sleep(0.02)
        action()
        time.sleep(SETTLE)
    finally:
        tracer.stop(signal.SIGINT)
    calls = {}
    with open(table) as text:
        for line in text:
            found = re.fullmatch(r"\s*(\S+)\s+(\d+)\s*", line)
            if found and found[1] != "total":
                calls[found[1]] = int(found[2])
    if not calls:
        raise BenchError(f"strace counted nothing: {tracer.said()}")
    return calls


def per_unit(few, many, units):
    """{name: calls per unit} from two counts that differ by `units`; what both pay alike falls out."""
    names = set(few) | set(many)
    return {name: (many.get(name, 0) - few.get(name, 0)) / units for name in sorted(names)}


def paced_small(run, target, seconds):
    # A tenth of the streams and ten times the tick of `paced_cpu`: 20 events a tick there and here, at a rate that
    # the proxy keeps up with although it is watched.
    return run.load.run(
        "paced", target, connections=100, rate=20, events=20 * seconds, tick=run.tick * 10
    )


def syscalls(run, target):
    """System calls per request and per paced event (strace -f -c; the difference of a short and a long run)."""
    run.warm(target)
    time.sleep(SETTLE)
    n = run.size(2000, 500)
    counts = [
        count_syscalls(
            run, target, lambda k=k: run.load.run("json", target, connections=CONNECTIONS, requests=k)
        )
        for k in (n, 2 * n)
    ]
    request = per_unit(*counts, n)
    seconds = run.size(5, 3)
    paced_small(run, target, 1)  # as many connections to the upstream as it takes
    time.sleep(SETTLE)
    counts, seen = [], []
    for s in (seconds, 2 * seconds):
        counts.append(
            count_syscalls(run, target, lambda s=s: seen.append(paced_small(run, target, s)))
        )
    event = per_unit(*counts, 100 * 20 * seconds)
    out = {
        "per_request": sum(request.values()),
        "per_event": sum(event.values()),
        "events_per_client_read": max(one["events"] / one["reads"] for one in seen),
    }
    for unit, calls in (("request", request), ("event", event)):
        out |= {f"per_{unit}_{name}": count for name, count in calls.items() if count >= 0.01}
    return out


def dump_instructions(target, mark):
    """The user instructions since the last dump (callgrind counts all threads, and zeroes the counts)."""
    subprocess.run(
        ["callgrind_control", f"--dump={mark}", str(target.pid)],
        check=True, capture_output=True, timeout=120,
    )
    for name in glob.glob(f"{target.prefix}/callgrind.*"):
        with open(name) as text:
            whole = text.read()
        if mark in whole:
            os.rename(name, f"{target.prefix}/taken.{mark}")
            # A dump has one `totals:` per thread where threads are kept apart, else one.
            return sum(int(count) for count in re.findall(r"^(?:totals|summary): (\d+)", whole, re.M)[:1])
    raise BenchError(f"callgrind left no dump named {mark} in {target.prefix}")


def instructions(run, target):
    """User instructions per request and per paced event (callgrind; the difference of a short and a long run)."""
    run.warm(target)
    n = run.size(2000, 500)
    time.sleep(SETTLE)
    dump_instructions(target, "mark_start")
    few_and_many = []
    for k in (n, 2 * n):
        run.load.run("json", target, connections=CONNECTIONS, requests=k)
        time.sleep(SETTLE)
        few_and_many.append(dump_instructions(target, f"mark_json_{k}_"))
    request = (few_and_many[1] - few_and_many[0]) / n
    seconds = run.size(5, 3)
    paced_small(run, target, 1)
    time.sleep(SETTLE)
    dump_instructions(target, "mark_again")
    few_and_many = []
    for s in (seconds, 2 * seconds):
        paced_small(run, target, s)
        time.sleep(SETTLE)
        few_and_many.append(dump_instructions(target, f"mark_paced_{s}_"))
    return {"per_request": request, "per_event": (few_and_many[1] - few_and_many[0]) / (2000 * seconds)}


#: name, function, over TLS, also directly, under callgrind, only in the first round (it has no noise to speak of)
FIGURES = [
    ("json", json_cpu, False, False, False, False),
    ("stream", stream_cpu, False, False, False, False),
    ("paced", paced_cpu, False, False, False, False),
    ("held", held, False, False, False, False),
    ("held_tls", held, True, False, False, False),
    ("latency", latency, False, True, False, False),
    ("latency_tls", latency, True, True, False, False),
    ("half", half_load, False, False, False, False),
    ("json_tls", json_cpu, True, False, False, False),
    ("paced_tls", paced_cpu, True, False, False, False),
    ("capacity", capacity, False, False, False, True),
    ("syscalls", syscalls, False, False, False, True),
    ("instructions", instructions, False, False, True, True),
]
