// An edge of a few pages, written from docs/protocols/link.md and enrolment.md alone: node client.mjs TOKEN
//
// It enrols, connects, says who it is, sends records until the hub has them, starts when it is asked to, and connects
// again when the link is lost. Each line that it prints is what happened, as JSON.

import crypto from "node:crypto";
import zlib from "node:zlib";
import { enrol, readToken } from "./enrol.mjs";
import { pack } from "./msgpack.mjs";
import { Websocket } from "./websocket.mjs";

const LARGEST = 1 << 20;
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), crypto.createHash("sha256")).digest();
const say = (what, more) => console.log(JSON.stringify({ what, ...more }));

class Journal {
  constructor(edge) {
    this.lane = "record";
    this.epoch = crypto.randomBytes(8).toString("hex");
    this.records = [];
    this.chain = [sha256("chargelink.chain.1", ...[edge, this.epoch, this.lane].map(counted))];
    const { privateKey, publicKey } = crypto.generateKeyPairSync("ed25519");
    this.key = privateKey;
    this.public = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  }

  append(kind, content) {
    const body = pack(content);
    const record = { seq: this.records.length + 1, kind, at: Date.now(), body, hash: sha256(body) };
    const previous = this.chain.at(-1);
    this.chain.push(sha256(previous, number(record.seq), number(record.at), counted(kind), record.hash));
    this.records.push(record);
  }

  // All records behind `have`, with the chain before them and a signature under the last of them.
  batch(have) {
    const records = this.records.slice(have).map((one) => ({ ...one, body: base64(one.body), hash: base64(one.hash) }));
    const seq = this.records.length;
    const at = Date.now();
    const signed = Buffer.concat([Buffer.from("chargelink.checkpoint.1"), number(seq), number(at), this.chain[seq]]);
    const checkpoint = { seq, at, signature: base64(crypto.sign(null, signed, this.key)) };
    const previous = base64(this.chain[have]);
    return { epoch: this.epoch, lane: this.lane, first: have + 1, records, previous, checkpoint };
  }
}

class Link {
  constructor(token, papers, journal) {
    this.token = token;
    this.papers = papers;
    this.journal = journal;
    this.waiting = new Map();
    this.calls = 0;
    this.ended = new Promise((resolve) => (this.resolve = resolve));
  }

  async open() {
    const url = `${this.token.link}/link/${this.token.edge}`;
    const ended = (code, reason) => this.resolve({ code, reason });
    this.socket = new Websocket(url, "chargelink.1.json", this.papers, (message) => this.hear(message), ended);
    await this.socket.opened;
  }

  call(action, payload) {
    const id = String(++this.calls);
    this.socket.send(JSON.stringify([2, id, action, payload]));
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  hear(message) {
    const text = message[0] === 0x78 ? zlib.inflateSync(message, { maxOutputLength: LARGEST }).toString() : message;
    const [type, id, ...rest] = JSON.parse(text);
    if (type === 2) this.answer(id, ...rest);
    else if (type === 3) this.waiting.get(id)?.resolve(rest[0]);
    else if (type === 4) this.waiting.get(id)?.reject(new Error(`${rest[0]}: ${rest[1]}`));
    if (type !== 2) this.waiting.delete(id);
  }

  answer(id, action, payload) {
    if (action !== "RequestStartTransaction") {
      this.socket.send(JSON.stringify([4, id, "NotSupported", `this edge does not do ${action}`, {}]));
      return;
    }
    const late = payload.expiry <= Date.now() + this.ahead;
    const transactionId = late ? null : sessionId();
    const [status, reason] = late ? ["Rejected", "expired"] : ["Accepted", null];
    this.socket.send(JSON.stringify([3, id, { status, transactionId, reason }]));
    say("started", { transactionId, device: payload.device, caps: payload.caps });
  }

  async boot() {
    const device = { id: "gun-1", kind: "gun", state: "available", at: Date.now(), detail: {} };
    const who = { edgeId: this.token.edge, epoch: this.journal.epoch, software: "node client" };
    const more = { devices: [device], signingKey: base64(this.journal.public), compression: "zlib" };
    const hub = await this.call("BootNotification", { ...who, ...more });
    this.ahead = hub.currentTime - Date.now();
    const have = hub.have?.record ?? 0;
    const chain = hub.chains?.record;
    if (chain && chain !== base64(this.journal.chain[have])) throw new Error("the hub has another past");
    say("booted", { have });
    return have;
  }
}

const base64 = (data) => data.toString("base64");
const counted = (name) => Buffer.concat([Buffer.from([Buffer.byteLength(name)]), Buffer.from(name)]);
const number = (value) => {
  const eight = Buffer.alloc(8);
  eight.writeBigUInt64BE(BigInt(value));
  return eight;
};

// RFC 9562 §5.7
function sessionId() {
  const id = Buffer.concat([number(Date.now()).subarray(2), crypto.randomBytes(10)]);
  id[6] = 0x70 | (id[6] & 15);
  id[8] = 0x80 | (id[8] & 63);
  return id.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

async function main() {
  const token = readToken(process.argv[2]);
  const journal = new Journal(token.edge);
  const papers = await enrol(token, journal.public);
  say("enrolled", { edge: token.edge });
  for (const text of ["the door is open", "the door is shut"]) {
    journal.append("alarm", { code: "door", text, at: Date.now(), device: "io-1" });
  }
  for (let pause = 100; ; pause = Math.min(2 * pause, 30_000)) {
    const link = new Link(token, papers, journal);
    const talking = talk(link, journal).catch((error) => say("trouble", { text: String(error) }));
    const end = await link.ended;
    await talking;
    say("ended", end);
    if (end.code === 4403) return; // revoked: connecting again is of no use
    await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random() / 2)));
  }
}

async function talk(link, journal) {
  await link.open();
  const have = await link.boot();
  journal.append("alarm", { code: "boot", text: "the link is there", at: Date.now(), device: null });
  const stored = await link.call("Records", journal.batch(have));
  const again = await link.call("Records", journal.batch(have));
  say("stored", { have: stored.have, again: again.have });
  const devices = [{ id: "gun-1", kind: "gun", state: "occupied", at: Date.now() }];
  await link.call("StatusNotification", { devices });
  await link.call("Nonsense", {}).catch((error) => say("refused", { text: error.message }));
  say("ready");
}

await main();
