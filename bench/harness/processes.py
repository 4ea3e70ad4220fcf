"""Starting, watching and ending the processes of a run: each by its own id, never by name."""
import json
import os
import signal
import socket
import subprocess
import time


class BenchError(Exception):
    """The measurement did not happen; the text says what and, where known, what the process said."""


class Process:
    """A child that is ended with us. `log` takes its stderr (and stdout, unless it is piped)."""

    def __init__(self, command, log, piped=False, cpu=None):
        if cpu is not None:
            command = ["taskset", "-c", str(cpu)] + command
        self.command = command
        self.log = log
        with open(log, "ab") as out:
            self.child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else out,
                stderr=out,
                text=True,
            )
        self.pid = self.child.pid

    def said(self, last=600):
        try:
            with open(self.log, errors="replace") as text:
                return text.read()[-last:].strip()
        except OSError:
            return ""

    def alive(self):
        return self.child.poll() is None

    def stop(self, how=signal.SIGTERM, patience=10):
        if self.alive():
            self.child.send_signal(how)
            try:
                self.child.wait(patience)
            except subprocess.TimeoutExpired:
                self.child.kill()
        self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout):
            if pipe:
                pipe.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(ready, process, seconds, what):
    """Polls `ready` until it is true; ends early when the process does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not process.alive():
            raise BenchError(f"{what} ended at once: {process.said()}")
        if ready():
            return
        time.sleep(0.02)
    raise BenchError(f"{what} is not ready after {seconds} s: {process.said()}")


def accepts(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def cpu_microseconds(pid):
    """User and system time of all threads of a process, the ended ones too, to the nanosecond.

    The CPU-time clock of another process (clock_getcpuclockid): `/proc/PID/stat` counts in ticks of 10 ms.
    """
    return time.clock_gettime_ns((~pid << 3) | 2) / 1000


def resident_kib(pid):
    """Resident memory; exact where we may look, which the process forbids to all but root."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as text:
            lines = text.readlines()
    except PermissionError:
        with open(f"/proc/{pid}/status") as text:
            lines = text.readlines()
    for line in lines:
        if line.startswith(("Rss:", "VmRSS:")):
            return int(line.split()[1])
    raise BenchError(f"/proc tells nothing of the memory of process {pid}")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as text:
        return [int(word) for word in text.read().split()]


class Load:
    """Runs of bench_load."""

    def __init__(self, binary, folder, cpu=None):
        self.binary = binary
        self.folder = folder
        self.cpu = cpu

    def command(self, mode, target, **options):
        words = [self.binary, "--mode", mode, "--port", str(target.port), "--key", target.key]
        if target.tls:
            words += ["--tls", "1"]
        for name, value in options.items():
            words += [f"--{name}", str(value)]
        return words

    def run(self, mode, target, tolerate=False, **options):
        """One run to its end; gives what it printed. Errors raise, unless they are what is counted."""
        process = Process(
            self.command(mode, target, **options), f"{self.folder}/load.log", piped=True, cpu=self.cpu
        )
        try:
            line = process.child.stdout.read()
        finally:
            process.stop()
        if not line:
            raise BenchError(f"bench_load {mode} through {target.name}: {process.said()}")
        seen = json.loads(line.splitlines()[-1])
        if not tolerate and (seen["errors"] or seen["open"] or not seen["ok"]):
            raise BenchError(
                f"{mode} through {target.name}: {seen['errors']} errors and {seen['open']} unfinished "
                f"of {seen['started']}: {seen['first_error']}\n{target.said()}"
            )
        return seen

    def hold(self, target, **options):
        """Opens streams and keeps them; gives the process and what it saw. `release` ends it."""
        process = Process(
            self.command("hold", target, **options), f"{self.folder}/load.log", piped=True, cpu=self.cpu
        )
        line = process.child.stdout.readline()
        if not line:
            process.stop()
            raise BenchError(f"bench_load hold through {target.name}: {process.said()}")
        return process, json.loads(line)

    @staticmethod
    def release(process):
        """Lets the streams go; gives how many were still open."""
        process.child.stdin.write("\n")
        process.child.stdin.flush()
        line = process.child.stdout.readline()
        process.stop()
        return json.loads(line)["open"] if line else 0


def raise_descriptor_limit():
    """For us and all we start. Gives the limit."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return os.sysconf("SC_OPEN_MAX")
