// How to become an edge: the token, the hub's CA, a key and a certificate request, the certificate.

import crypto from "node:crypto";
import https from "node:https";
import { unpack } from "./msgpack.mjs";

export function readToken(line) {
  const data = Buffer.from(line.trim().slice("clk1.".length), "base64url");
  const body = data.subarray(0, -4);
  const check = crypto.createHash("sha256").update("clk1.").update(body).digest().subarray(0, 4);
  if (!line.startsWith("clk1.") || !check.equals(data.subarray(-4))) throw new Error("no token");
  const [edge, secret, ca, enroll, link] = unpack(body);
  return { edge, secret, ca, enroll, link };
}

// Gives what TLS needs from now on: { ca, key, cert }.
export async function enrol(token, signingKey) {
  const ca = await ask(`${token.enroll}/ca`, { rejectUnauthorized: false });
  const digest = crypto.createHash("sha256").update(new crypto.X509Certificate(ca.text).raw).digest();
  if (!digest.equals(token.ca)) throw new Error("another CA than the token's");
  const { privateKey, publicKey } = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
  const body = {
    edge: token.edge,
    secret: token.secret.toString("base64"),
    csr: certificateRequest(privateKey, publicKey).toString("base64"),
    signingKey: signingKey.toString("base64"),
  };
  const answer = await ask(`${token.enroll}/enroll`, { ca: ca.text, minVersion: "TLSv1.3", method: "POST" }, body);
  const told = JSON.parse(answer.text);
  if (answer.status >= 400) throw new Error(`${told.reason}: ${told.text}`);
  return { ca: ca.text, key: privateKey.export({ type: "pkcs8", format: "pem" }), cert: told.certificateChain };
}

// PKCS #10 (RFC 2986 §4) without a name: DER by hand.
function certificateRequest(privateKey, publicKey) {
  const version = der(0x02, Buffer.from([0]));
  const subject = der(0x30);
  const attributes = der(0xa0);
  const info = der(0x30, version, subject, publicKey.export({ type: "spki", format: "der" }), attributes);
  const ecdsaWithSha256 = der(0x30, der(0x06, Buffer.from("2a8648ce3d040302", "hex"))); // 1.2.840.10045.4.3.2
  const signature = Buffer.concat([Buffer.from([0]), crypto.sign("sha256", info, privateKey)]);
  return der(0x30, info, ecdsaWithSha256, der(0x03, signature));
}

function der(tag, ...parts) {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function ask(url, options, body) {
  return new Promise((resolve, reject) => {
    const request = https.request(url, { ...options, agent: false }, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => resolve({ status: response.statusCode, text: Buffer.concat(parts).toString() }));
    });
    request.on("error", reject);
    request.end(body && JSON.stringify(body));
  });
}
