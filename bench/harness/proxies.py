"""Who can be measured: nothing in between, nginx, sluice. Each start is a fresh process in a fresh folder."""
import hashlib
import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import urllib.request

from .processes import BenchError, Process, accepts, children, free_port, wait_until

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KEY = "sk-slc-" + "benchBENCHbenchBENCHbenchBENCHbenchBENCHben"

VALGRIND = [
    "valgrind", "--tool=callgrind", "--callgrind-out-file=@PREFIX@/callgrind.%p", "--log-file=@PREFIX@/valgrind.log",
]


def fill(template, values):
    with open(os.path.join(HERE, template)) as text:
        filled = text.read()
    for name, value in values.items():
        filled = filled.replace(f"@{name}@", str(value))
    left = re.search(r"@[A-Z_]+@", filled)
    if left:
        raise BenchError(f"{template}: nothing fills {left[0]}")
    return filled


class Bench:
    """What all of a run share: a folder that goes away, a certificate, the upstream, where to pin."""

    def __init__(self, build, descriptors, pin):
        self.build = build
        self.descriptors = descriptors
        self.proxy_cpu, self.ends_cpu = (1, 0) if pin else (None, None)
        self.folder = tempfile.mkdtemp(prefix="sluice-bench-")
        self.certificate = f"{self.folder}/certificate.pem"
        self.key = f"{self.folder}/key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", self.key, "-out", self.certificate],
            check=True, capture_output=True,
        )
        self.upstream = Process(
            [f"{build}/bench_upstream", "--tls-cert", self.certificate, "--tls-key", self.key],
            f"{self.folder}/upstream.log", piped=True, cpu=self.ends_cpu,
        )
        line = self.upstream.child.stdout.readline()
        if not line:
            raise BenchError(f"bench_upstream: {self.upstream.said()}")
        ports = json.loads(line)
        self.upstream_ports = {False: ports["port"], True: ports["tls_port"]}

    def close(self):
        self.upstream.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Proxy:
    """A target of the load: `port`, `key`, `tls`, and `pid`, the process whose cost counts."""

    name = ""
    process = None

    def __init__(self, bench, tls=False, instrumented=False):
        self.bench = bench
        self.tls = tls
        self.instrumented = instrumented
        self.key = KEY
        self.port = 0
        self.pid = 0

    def __enter__(self):
        self.prefix = tempfile.mkdtemp(prefix=f"{self.name}-", dir=self.bench.folder)
        self.port = free_port()
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.stop()
            shutil.rmtree(self.prefix, ignore_errors=True)

    def launch(self, command):
        if self.instrumented:
            command = [word.replace("@PREFIX@", self.prefix) for word in VALGRIND] + command
        self.process = Process(command, f"{self.prefix}/output.log", cpu=self.bench.proxy_cpu)
        self.pid = self.process.pid

    def said(self):
        return self.process.said() if self.process else ""

    def shared_values(self):
        return {
            "PREFIX": self.prefix,
            "PORT": self.port,
            "UPSTREAM_PORT": self.bench.upstream_ports[self.tls],
            "SCHEME": "https" if self.tls else "http",
        }


class Direct(Proxy):
    """Nothing in between: what the two ends and the loopback cost by themselves."""

    name = "direct"

    def start(self):
        self.port = self.bench.upstream_ports[self.tls]


class Nginx(Proxy):
    name = "nginx"

    @staticmethod
    def missing():
        return None if shutil.which("nginx") else "nginx is not installed"

    def start(self):
        values = self.shared_values() | {
            "USER": "user root;" if os.geteuid() == 0 else "",
            # Under callgrind the one process is the worker.
            "MASTER": "master_process off;" if self.instrumented else "",
            "DESCRIPTORS": self.bench.descriptors,
            "CONNECTIONS": 2 * self.bench.descriptors,
            "SSL": "ssl" if self.tls else "",
            "CERTIFICATE": "", "PROXY_SSL": "",
        }
        if self.tls:
            values["CERTIFICATE"] = (
                f"ssl_certificate {self.bench.certificate}; ssl_certificate_key {self.bench.key};"
            )
            values["PROXY_SSL"] = (
                f"proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_protocols TLSv1.2 TLSv1.3; "
                f"proxy_ssl_trusted_certificate {self.bench.certificate};"
            )
        config = f"{self.prefix}/nginx.conf"
        with open(config, "w") as out:
            out.write(fill("nginx.conf.in", values))
        self.launch(["nginx", "-p", self.prefix, "-c", config])
        wait_until(lambda: accepts(self.port), self.process, 30, "nginx")
        if not self.instrumented:
            # The master listens before it has a worker.
            wait_until(lambda: children(self.process.pid), self.process, 30, "nginx")
            self.pid = children(self.process.pid)[0]

    def said(self):
        try:
            with open(f"{self.prefix}/error.log") as text:
                return text.read()[-600:]
        except OSError:
            return super().said()


class Sluice(Proxy):
    name = "sluice"

    @staticmethod
    def missing(build):
        binary = f"{build}/sluice"
        if not os.path.exists(binary):
            return f"{binary} is not built"
        told = subprocess.run([binary, "serve", "--help"], capture_output=True)
        return None if told.returncode == 0 else f"{binary} has no verb `serve` yet"

    def start(self):
        values = self.shared_values() | {"SECRET": KEY, "CERTIFICATE": "", "CA": ""}
        if self.tls:
            values["CERTIFICATE"] = (
                f'tls_certificate = "{self.bench.certificate}"\ntls_key = "{self.bench.key}"'
            )
            values["CA"] = f'ca_file = "{self.bench.certificate}"'
        config = f"{self.prefix}/sluice.toml"
        with open(config, "w") as out:
            out.write(fill("sluice.toml.in", values))
            out.write(self.more_config(values))
        os.chmod(config, 0o600)
        self.launch([f"{self.bench.build}/sluice", "serve", "--config", config, "--threads", "1"])
        wait_until(self.is_ready, self.process, 60, "sluice")

    def more_config(self, values):
        return ""

    def is_ready(self):
        scheme, context = "http", None
        if self.tls:
            scheme, context = "https", ssl.create_default_context(cafile=self.bench.certificate)
        try:
            url = f"{scheme}://127.0.0.1:{self.port}/ready"
            with urllib.request.urlopen(url, timeout=5, context=context) as answer:
                return answer.status == 200
        except OSError:
            return False


class CrowdedSluice(Sluice):
    """The same among 9,999 other keys and 999 other accounts, any of which may take a request."""

    name = "crowded"

    def more_config(self, values):
        account = """
[[account]]
name = "bench-{0}"
provider = "anthropic"
base_url = "{SCHEME}://127.0.0.1:{UPSTREAM_PORT}"
credential = {{ api_key = "sk-ant-bench" }}
{CA}
"""
        key = """
[[key]]
name = "bench-{0}"
sha256 = "{1}"
"""
        accounts = (account.format(i, **values) for i in range(999))
        keys = (key.format(i, hashlib.sha256(str(i).encode()).hexdigest()) for i in range(9999))
        return "".join(accounts) + "".join(keys)
