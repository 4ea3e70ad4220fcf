"""Medians, the gates, the table."""
import datetime
import os
import platform
import re
import statistics
import subprocess


def machine(build):
    def first_line(command):
        try:
            return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0]
        except (OSError, IndexError):
            return "unknown"

    with open("/proc/cpuinfo") as text:
        models = re.findall(r"^model name\s*: (.*)$", text.read(), re.M)
    compiler = "unknown"
    with open(f"{build}/CMakeCache.txt") as text:
        found = re.search(r"^CMAKE_CXX_COMPILER:\w+=(.*)$", text.read(), re.M)
        if found:
            compiler = first_line([found[1], "--version"])
    nginx = subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr.strip()
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "compiler": compiler,
        "nginx": nginx.removeprefix("nginx version: "),
        "commit": first_line(["git", "-C", os.path.dirname(__file__), "rev-parse", "--short=12", "HEAD"]),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "load_average": round(os.getloadavg()[0], 2),
    }


class Values:
    """results[figure][proxy][metric] = [a value per round]."""

    def __init__(self, results):
        self.results = results

    def all(self, figure, proxy, metric):
        return self.results.get(figure, {}).get(proxy, {}).get(metric, [])

    def median(self, figure, proxy, metric):
        values = self.all(figure, proxy, metric)
        return statistics.median(values) if values else None


#: figure, metric, title, unit
ROWS = [
    ("json", "cpu_us_per_request", "CPU per JSON request, 64 connections", "us"),
    ("json", "requests_per_second", "JSON requests, 64 connections", "/s"),
    ("paced", "cpu_us_per_event", "CPU per event, 1,000 streams at 20/s", "us"),
    ("paced", "events_per_client_read", "events per read of the client, paced", ""),
    ("stream", "cpu_us_per_event", "CPU per event, 64 streams unpaced", "us"),
    ("stream", "events_per_client_read", "events per read of the client, unpaced", ""),
    ("instructions", "per_request", "user instructions per JSON request", ""),
    ("instructions", "per_event", "user instructions per paced event", ""),
    ("syscalls", "per_request", "system calls per JSON request", ""),
    ("syscalls", "per_event", "system calls per paced event", ""),
    ("held", "kib_per_stream", "memory per held stream", "KiB"),
    ("held_tls", "kib_per_stream", "memory per held stream, TLS on both sides", "KiB"),
    ("latency", "p50_us", "latency at 200/s, p50", "us"),
    ("latency", "p99_us", "latency at 200/s, p99", "us"),
    ("latency_tls", "p50_us", "latency at 200/s, TLS, p50", "us"),
    ("latency_tls", "p99_us", "latency at 200/s, TLS, p99", "us"),
    ("half", "rate", "half load: requests", "/s"),
    ("half", "p50_us", "latency at half load, p50", "us"),
    ("half", "p99_us", "latency at half load, p99", "us"),
    ("json_tls", "cpu_us_per_request", "CPU per JSON request, TLS on both sides", "us"),
    ("paced_tls", "cpu_us_per_event", "CPU per event, 1,000 streams at 20/s, TLS", "us"),
    ("capacity", "streams", "many streams at 2 events/s: opened", ""),
    ("capacity", "failures", "many streams: failed", ""),
    ("capacity", "cpu_share", "many streams: share of one core", ""),
    ("capacity", "peak_kib", "many streams: memory of the proxy", "KiB"),
]


def number(value):
    if value is None:
        return "·"
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def cell(values):
    if not values:
        return "·"
    middle, low, high = (number(v) for v in (statistics.median(values), min(values), max(values)))
    return middle if low == high else f"{middle} ({low} to {high})"


#: Paced events arrive one by one, save those that open and end a stream. More in a read: the pace was not kept.
EVENTS_PER_READ_MAX = 1.15


def gates(values, capacity_wanted=10000):
    """[(text, measured, passed)]; passed is None where there is no verdict: not measured, or not fairly."""
    out = []

    def gate(text, measured, passed):
        out.append((text, "not measured" if measured is None else measured, passed))

    def kept_pace(figure):
        shares = [values.median(figure, who, "events_per_client_read") for who in ("sluice", "nginx")]
        return all(share is None or share <= EVENTS_PER_READ_MAX for share in shares)

    def ratio(text, figure, metric, most):
        own, nginx = (values.median(figure, who, metric) for who in ("sluice", "nginx"))
        if own is None or not nginx:
            return gate(text, None, None)
        share = own / nginx
        if not kept_pace(figure):
            return gate(text, f"{number(own)} / {number(nginx)}, no verdict: the machine was too busy", None)
        gate(text, f"{number(own)} / {number(nginx)} = {share:.2f}", share <= most)

    def bound(text, figure, metric, most):
        own = values.median(figure, "sluice", metric)
        if own is not None and not kept_pace(figure):
            return gate(text, f"{number(own)}, no verdict: the machine was too busy", None)
        gate(text, None if own is None else number(own), None if own is None else own <= most)

    alone, crowded = (values.median("json", who, "cpu_us_per_request") for who in ("sluice", "crowded"))
    if alone and crowded:
        share = crowded / alone
        gate("CPU per JSON request with 10,000 keys and 1,000 accounts <= 1.05 x with one", f"{number(crowded)} / {number(alone)} = {share:.2f}", share <= 1.05)
    ratio("CPU per JSON request <= 1.0 x nginx", "json", "cpu_us_per_request", 1.0)
    ratio("CPU per paced event <= 0.95 x nginx (aim 0.8)", "paced", "cpu_us_per_event", 0.95)
    ratio("user instructions per event <= nginx", "instructions", "per_event", 1.0)
    ratio("user instructions per request <= nginx", "instructions", "per_request", 1.0)
    bound("system calls per event <= 2.1", "syscalls", "per_event", 2.1)
    bound("KiB per held plain stream <= 8 (aim 4)", "held", "kib_per_stream", 8)
    bound("KiB per held stream, TLS on both sides <= 72", "held_tls", "kib_per_stream", 72)
    for figure, title in (("latency", ""), ("latency_tls", ", TLS")):
        own, nginx, direct = (values.median(figure, who, "p50_us") for who in ("sluice", "nginx", "direct"))
        text = f"added latency p50 within 20 us of nginx's{title}"
        if None in (own, nginx, direct):
            gate(text, None, None)
        else:
            gate(text, f"{number(own - direct)} / {number(nginx - direct)} us added", own - nginx <= 20)
    bound("latency p99 <= 1,000 us at half load (whole, not only added)", "half", "p99_us", 1000)
    streams, failures = (values.median("capacity", "sluice", m) for m in ("streams", "failures"))
    text = f"{capacity_wanted:,} streams on one thread, 0 failures"
    if streams is None:
        gate(text, None, None)
    else:
        # The proxy needs two descriptors a stream; a lower hard limit is the machine's, and the text says so.
        passed = False if failures else True if streams >= capacity_wanted * 0.98 else None
        gate(text, f"{number(failures)} of {number(streams)} failed", passed)
    return out


def markdown(document):
    values = Values(document["figures"])
    who = [name for name in ("direct", "nginx", "sluice", "crowded") if any(name in f for f in values.results.values())]
    box = document["machine"]
    lines = [
        "# sluice beside nginx",
        "",
        f"{box['date']}, commit {box['commit']}; {box['cpu']}, {box['cores']} cores, Linux {box['kernel']}; "
        f"{box['compiler']}; {box['nginx']}; load average at the start {box['load_average']}.",
        f"{document['rounds']} round(s), interleaved; median (lowest to highest). {document['remark']}".rstrip(),
        "",
        "| figure | " + " | ".join(who) + (" | sluice / nginx |" if "sluice" in who and "nginx" in who else " |"),
        "| --- |" + " ---: |" * (len(who) + ("sluice" in who and "nginx" in who)),
    ]
    for figure, metric, title, unit in ROWS:
        if not any(values.all(figure, name, metric) for name in who):
            continue
        cells = [cell(values.all(figure, name, metric)) for name in who]
        if "sluice" in who and "nginx" in who:
            own, nginx = (values.median(figure, name, metric) for name in ("sluice", "nginx"))
            cells.append(f"{own / nginx:.2f}" if own is not None and nginx else "·")
        lines.append(f"| {title}{', ' + unit if unit else ''} | " + " | ".join(cells) + " |")
    calls = values.results.get("syscalls", {})
    for unit in ("request", "event"):
        for name, metrics in calls.items():
            parts = [
                f"{metric.removeprefix(f'per_{unit}_')} {statistics.median(v):.2f}"
                for metric, v in metrics.items() if metric.startswith(f"per_{unit}_")
            ]
            lines += ["" if unit == "request" and name == next(iter(calls)) else None,
                      f"System calls per {unit}, {name}: {', '.join(parts)}.  "]
    lines = [line for line in lines if line is not None]
    if document["gates"]:
        lines += ["", "| gate | measured | |", "| --- | ---: | --- |"]
        for entry in document["gates"]:
            verdict = {True: "pass", False: "MISS", None: "·"}[entry["passed"]]
            lines.append(f"| {entry['gate']} | {entry['measured']} | {verdict} |")
    if document["failed"]:
        lines += ["", "Not measured:", ""] + [f"- {text}" for text in document["failed"]]
    return "\n".join(lines) + "\n"
