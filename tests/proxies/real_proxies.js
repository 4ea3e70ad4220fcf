/// Squid and Dante, each with a configuration and a folder of its own, on free loopback ports, as whoever runs the tests.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";

import { Process } from "../lib/process.js";
import { temporaryFolder } from "../lib/sluice.js";
import { eventually, patience } from "../lib/waiting.js";

export const user = "ada@home";
export const password = "p:w %/1";
/// A name that no resolver knows but those of the proxies.
export const inner = "only-the-proxy-knows.test";

export function credentials({ as = user, by = password } = {}) {
  return `${encodeURIComponent(as)}:${encodeURIComponent(by)}@`;
}

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

const hash = (...args) => execFileSync("openssl", ["passwd", ...args, password], { encoding: "utf8" }).trim();

class RealProxy {
  async open(file, files, program, args, env = {}) {
    this.folder = temporaryFolder();
    // Started as root, squid goes on as somebody else.
    fs.chmodSync(this.folder, 0o755);
    for (const [name, text] of Object.entries(files(this.folder))) fs.writeFileSync(path.join(this.folder, name), text);
    this.process = new Process(program, args(path.join(this.folder, file)), { cwd: this.folder, env: env(this.folder) });
    await eventually(
      async () => {
        if (this.process.code !== undefined) throw new Error(`${program} ended: ${this.process.stderr}`);
        return answers(this.port);
      },
      `${program} listens`,
      10000 * patience,
    );
    return this;
  }

  async stop() {
    if (this.process.code === undefined) {
      this.process.signal("SIGTERM");
      await this.process.exited();
    }
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/// CONNECT with Basic, over TCP and over TLS. `identity` has the paths of certificate and key.
export class Squid extends RealProxy {
  static async start(identity) {
    const squid = new Squid();
    squid.port = await freePort();
    squid.securePort = await freePort();
    const files = (folder) => ({
      users: `${user}:${hash("-apr1")}\n`,
      hosts: `127.0.0.1 ${inner}\n`,
      "tls.pem": fs.readFileSync(identity.certificate),
      "tls.key": fs.readFileSync(identity.key),
      "squid.conf": `
http_port 127.0.0.1:${squid.port}
https_port 127.0.0.1:${squid.securePort} tls-cert=${folder}/tls.pem tls-key=${folder}/tls.key
auth_param basic program /usr/lib/squid/basic_ncsa_auth ${folder}/users
auth_param basic children 1
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
hosts_file ${folder}/hosts
dns_nameservers 127.0.0.1
pid_filename none
access_log none
cache_log /dev/null
cache deny all
cache_mem 8 MB
coredump_dir none
netdb_filename none
pinger_enable off
max_filedescriptors 1024
shutdown_lifetime 0 seconds
visible_hostname localhost
`,
    });
    return squid.open("squid.conf", files, "/usr/sbin/squid", (file) => ["-N", "-d1", "-f", file], () => ({}));
  }

  url(options) {
    return `http://${credentials(options)}127.0.0.1:${this.port}`;
  }

  secureUrl(options) {
    return `https://${credentials(options)}127.0.0.1:${this.securePort}`;
  }
}

/// SOCKS5 with user and password. It reads them from the system's own files, for which nss_wrapper puts ours.
export class Dante extends RealProxy {
  static async start() {
    const dante = new Dante();
    dante.port = await freePort();
    const files = () => ({
      passwd: `root:x:0:0::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\n${user}:x:1000:1000::/:/bin/false\n`,
      group: "root:x:0:\nnogroup:x:65534:\n",
      shadow: `${user}:${hash("-6")}:19000:0:99999:7:::\n`,
      hosts: `127.0.0.1 ${inner}\n`,
      "danted.conf": `
logoutput: stderr
internal: 127.0.0.1 port = ${dante.port}
external: 127.0.0.1
clientmethod: none
socksmethod: username
client pass {
  from: 127.0.0.0/8 to: 0.0.0.0/0
}
socks pass {
  from: 127.0.0.0/8 to: 0.0.0.0/0
  protocol: tcp
  command: connect
}
`,
    });
    const args = (file) => ["-f", file, "-p", path.join(path.dirname(file), "pid"), "-N", "1"];
    const env = (folder) => ({
      LD_PRELOAD: "libnss_wrapper.so",
      NSS_WRAPPER_PASSWD: `${folder}/passwd`,
      NSS_WRAPPER_GROUP: `${folder}/group`,
      NSS_WRAPPER_SHADOW: `${folder}/shadow`,
      NSS_WRAPPER_HOSTS: `${folder}/hosts`,
    });
    return dante.open("danted.conf", files, "/usr/sbin/danted", args, env);
  }

  url(scheme, options) {
    return `${scheme}://${credentials(options)}127.0.0.1:${this.port}`;
  }
}
