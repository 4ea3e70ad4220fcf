/// An authority of our own and a certificate for 127.0.0.1, made afresh.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

import { temporaryFolder } from "./sluice.js";

const openssl = (folder, ...args) =>
  execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });

function authority(folder, name) {
  openssl(
    folder,
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
    "-subj",
    `/CN=${name}`,
    "-keyout",
    `${name}.key`,
    "-out",
    `${name}.pem`,
  );
}

function certificate(folder, issuer, name, alternative) {
  openssl(
    folder,
    "req",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-subj",
    `/CN=${name}`,
    "-keyout",
    `${name}.key`,
    "-out",
    `${name}.csr`,
  );
  fs.writeFileSync(path.join(folder, `${name}.ext`), `subjectAltName=${alternative}\n`);
  openssl(
    folder,
    "x509",
    "-req",
    "-in",
    `${name}.csr`,
    "-CA",
    `${issuer}.pem`,
    "-CAkey",
    `${issuer}.key`,
    "-CAcreateserial",
    "-days",
    "2",
    "-extfile",
    `${name}.ext`,
    "-out",
    `${name}.pem`,
  );
}

/// Files `ca.pem`, `other-ca.pem` (which signed nothing), and `server` and `renewed` (.pem, .key) for 127.0.0.1,
/// `stranger` for another name.
export function makeCertificates() {
  const folder = temporaryFolder();
  authority(folder, "ca");
  authority(folder, "other-ca");
  certificate(folder, "ca", "server", "IP:127.0.0.1,DNS:localhost");
  certificate(folder, "ca", "renewed", "IP:127.0.0.1,DNS:localhost");
  certificate(folder, "ca", "stranger", "DNS:stranger.example");
  return {
    folder,
    file: (name) => path.join(folder, name),
    read: (name) => fs.readFileSync(path.join(folder, name)),
    remove: () => fs.rmSync(folder, { recursive: true }),
  };
}
