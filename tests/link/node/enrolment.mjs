// How an edge gets its certificate: the token, a certificate request in DER, and the HTTPS requests of the enrolment.

import { createHash, generateKeyPairSync, sign, timingSafeEqual, X509Certificate } from "node:crypto";
import { request } from "node:https";

export const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();

// `clk1.` and the base64url of a MessagePack array with a check of 4 bytes behind it.
export function readToken(token) {
  const [version, text] = token.trim().split(".");
  const bytes = Buffer.from(text ?? "", "base64url");
  const body = bytes.subarray(0, -4);
  if (version !== "clk1" || body.length < 60) throw new Error("this is no token");
  if (!sha256("clk1.", body).subarray(0, 4).equals(bytes.subarray(-4)))
    throw new Error("the token has a typing mistake");
  const [edge, secret, caHash, enrolment, link] = readArray(body);
  return { edge: `${edge}`, secret, caHash, enrolment: new URL(`${enrolment}`), link: new URL(`${link}`) };
}

function readArray(bytes) {
  // of texts and bytes below 65 536 bytes: all that a token has
  const values = [];
  for (let at = 1; at < bytes.length;) {
    const tag = bytes[at];
    let begin, length;
    if (tag >= 0xa0 && tag <= 0xbf) [begin, length] = [at + 1, tag & 0x1f];
    else if (tag === 0xd9 || tag === 0xc4) [begin, length] = [at + 2, bytes[at + 1]];
    else if (tag === 0xda || tag === 0xc5) [begin, length] = [at + 3, bytes.readUInt16BE(at + 1)];
    else throw new Error("the token has something else than text and bytes");
    values.push(bytes.subarray(begin, begin + length));
    at = begin + length;
  }
  return values;
}

// ---- PKCS #10 (RFC 2986) in DER ----

const der = (tag, ...contents) => {
  const body = Buffer.concat(contents);
  const size =
    body.length < 128
      ? [body.length]
      : body.length < 256
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
};
const [SEQUENCE, INTEGER, BIT_STRING, ATTRIBUTES] = [0x30, 0x02, 0x03, 0xa0];
const ECDSA_WITH_SHA256 = Buffer.from("06082a8648ce3d040302", "hex");

// A new key of P-256 and a request for it: no names (the hub ignores them) and no attributes.
export function certificateRequest() {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const info = der(SEQUENCE, der(INTEGER, Buffer.from([0])), der(SEQUENCE), spki, der(ATTRIBUTES));
  const signature = sign("sha256", info, privateKey);
  const csr = der(SEQUENCE, info, der(SEQUENCE, ECDSA_WITH_SHA256), der(BIT_STRING, Buffer.from([0]), signature));
  return { key: privateKey.export({ type: "pkcs8", format: "pem" }), csr };
}

// ---- HTTPS ----

function https(url, options, body) {
  return new Promise((resolve, reject) => {
    const call = request(url, { minVersion: "TLSv1.3", agent: false, timeout: 30_000, ...options }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => resolve({ status: answer.statusCode, text: Buffer.concat(parts).toString() }));
      answer.on("error", reject);
    });
    call.on("error", reject);
    call.on("timeout", () => call.destroy(new Error("the hub does not answer")));
    call.end(body);
  });
}

// The CA whose hash the token has. Nothing is sent to anybody else.
async function fetchCa(token) {
  const { text } = await https(new URL("/ca", token.enrolment), { rejectUnauthorized: false });
  if (!timingSafeEqual(sha256(new X509Certificate(text).raw), token.caHash))
    throw new Error("this is another hub than the token names");
  return text;
}

// Who we are from now on: `edge`, `link`, `ca` and the newest of our `papers` first, in PEM. Throws a Refusal's text.
export async function enrol(token, signingKey, say) {
  const ca = await fetchCa(token);
  say("ca-pinned", { fingerprint: token.caHash.toString("hex") });
  const { key, csr } = certificateRequest();
  const body = JSON.stringify({
    edge: token.edge,
    secret: token.secret.toString("base64"),
    csr: csr.toString("base64"),
    signingKey: signingKey.toString("base64"),
  });
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const { status, text } = await https(new URL("/enroll", token.enrolment), { method: "POST", ca, headers }, body);
  const answer = JSON.parse(text);
  if (status >= 400) throw new Error(`refused at enrolment: ${answer.reason}: ${answer.text}`);
  return { edge: token.edge, link: token.link.href, ca, papers: [{ key, cert: answer.certificateChain }] };
}
