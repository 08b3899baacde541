// An edge without a charger, by docs/protocols: link.md, enrolment.md, records.md and telemetry.md.
//
//   node client.mjs FOLDER [TOKEN] [PAGE]
//
// FOLDER keeps keys, certificates and the journal; TOKEN enrols; PAGE is docs/protocols/link.md, for its dictionary.
// Reads one word a line (session, alarm, again, nonsense, renew, heartbeat, stop), writes what happens as JSON, a line each.

import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { certificateRequest, enrol, readToken, sha256 } from "./enrolment.mjs";
import { Journal } from "./journal.mjs";
import { CallError, field, Link } from "./link.mjs";
import * as bodies from "./bodies.mjs";

const [folder, token, page] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const journal = new Journal(folder);
const state = journal.state;
const dictionary = page && readDictionary(page);
const say = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));

let link = null; // while BootNotification is answered
let failures = 0; // connections since the last answered BootNotification
let stopping = false;
let hubClock = () => Date.now();
let busy = false; // one batch of history is in flight at a time
let have = { record: 0, telemetry: 0 };

function readDictionary(path) {
  const lines = readFileSync(path, "utf8")
    .split("## The dictionary")[1]
    .match(/^ {4}[0-9a-f ]+$/gm);
  return Buffer.from(lines.join("").replaceAll(" ", ""), "hex");
}

function uuid7(at = Date.now()) {
  const hex =
    at.toString(16).padStart(12, "0") +
    "7" +
    randomBytes(2).toString("hex").slice(1) +
    "8" +
    randomBytes(8).toString("hex").slice(1);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// ---- what the hub asks ----

const NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;
const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const natural = (value) => value >= 0 && value < 2 ** 53;

function expired(expiry) {
  return expiry !== null && hubClock() > expiry;
}

const handlers = {
  RequestStartTransaction(payload) {
    const device = field(payload, "device", "string", (value) => NAME.test(value));
    const remoteStartId = field(payload, "remoteStartId", "integer", natural);
    const late = expired(field(payload, "expiry", "integer", natural));
    if (state.starts[remoteStartId]) return state.starts[remoteStartId];
    let answer = {
      status: "Rejected",
      transactionId: null,
      reason: late ? "it came too late" : "no such device, or it charges",
    };
    if (!late && device === "gun-1" && !state.running) {
      answer = { status: "Accepted", transactionId: uuid7(), reason: null };
      state.starts[remoteStartId] = answer; // kept by the record that follows
      begin(Date.now(), answer.transactionId, remoteStartId);
    }
    say("start", { remoteStartId, caps: payload.caps, ...answer });
    return answer;
  },
  RequestStopTransaction(payload) {
    const id = field(payload, "transactionId", "string", (value) => UUID7.test(value));
    if (expired(field(payload, "expiry", "integer", natural, null)))
      return { status: "Rejected", reason: "it came too late" };
    const runs = state.running?.known.sessionId === id;
    const known = runs || state.stopped === id;
    if (runs) finish(Date.now(), 10, "Remote");
    say("stop", { transactionId: id, known });
    return known ? { status: "Accepted" } : { status: "Rejected", reason: "no such session" };
  },
  TriggerMessage(payload) {
    const action = field(payload, "requestedMessage", "string", (value) => value.length <= 64);
    const asked = { BootNotification: boot, StatusNotification: status, Heartbeat: heartbeat }[action];
    if (asked) setImmediate(() => link && attempt(asked(link)));
    return { status: asked ? "Accepted" : "NotImplemented" };
  },
  WatchLive: () => ({ status: "Rejected" }),
  ErasePerson: () => ({ status: "Accepted" }), // we keep no keys of persons
};

// ---- what we record ----

// A session at its start, and the tariff before the first one under it.
function begin(at, sessionId = uuid7(at), remoteStartId = null) {
  state.tariffHash ??= Buffer.from(journal.record("tariff", bodies.TARIFF).hash, "base64").toString("hex");
  state.register ??= 1_000_000_000;
  const known = {
    sessionId,
    edgeId: state.identity.edge,
    authorisedBy: remoteStartId === null ? "local" : "remote",
    tariffHash: state.tariffHash,
    remoteStartId,
  };
  state.running = { known, start: { at, register: state.register } };
  journal.record("session.started", bodies.started(known, state.running.start));
  tell();
}

function finish(at, energy, stopReason) {
  const { known, start } = state.running;
  const record = bodies.ended(known, [start, { at, register: start.register + energy }], stopReason);
  Object.assign(state, { stopped: known.sessionId, running: null, register: start.register + energy });
  journal.record("session.ended", record);
  journal.block("gun-1", known.sessionId, samples(start.at));
  say("session", { sessionId: known.sessionId, total: record.bill.total, energy });
  tell();
}

// The state of the device has changed, and there is something to keep.
function tell() {
  if (link) attempt(status(link));
  send();
}

// A minute at 400 V and 10 A, SOC from the sixth second on.
function samples(from) {
  return Array.from({ length: 60 }, (_, second) => ({
    at: from + second * 1000,
    voltage: 400_000,
    current: 10_000,
    power: 4_000_000 + (second % 7),
    energy: Math.round((second * 4_000_000) / 3600),
    soc: second < 5 ? null : 500 + Math.floor(second / 20),
  }));
}

// ---- what we say ----

const attempt = (promise) => promise.catch((error) => say("failed", { code: error.code, text: error.message }));
const devices = () => [
  { id: "gun-1", kind: "gun", state: state.running ? "charging" : "idle", at: Date.now(), detail: {} },
];
const status = (on) => on.call("StatusNotification", { devices: devices() });

async function heartbeat(on) {
  await on.call("Heartbeat", {});
  say("heartbeat");
}

async function boot(on) {
  const { epoch, telemetryEpoch, identity } = state;
  const answer = await on.call("BootNotification", {
    edgeId: identity.edge,
    epoch,
    software: "node client",
    devices: devices(),
    telemetryEpoch,
    signingKey: journal.publicKey.toString("base64"),
    compression: dictionary ? "zlib.1" : "zlib",
  });
  const offset = answer.currentTime - performance.now(); // no clock that somebody sets
  hubClock = () => performance.now() + offset;
  have = { record: 0, telemetry: 0, ...answer.have };
  const past = answer.chains?.record ?? null; // what the hub reckoned over all records up to there
  const record =
    isOurs(answer, "record", state.records, ({ hash }) => hash) &&
    [null, journal.chainAt(have.record).toString("base64")].includes(past);
  const block = isOurs(answer, "telemetry", state.blocks, ({ body }) =>
    sha256(Buffer.from(body, "base64")).toString("base64"),
  );
  if (!record) journal.beginAnew(have.record > state.records.length ? "hub-ahead" : "other-record");
  if (!block) journal.beginTelemetryAnew();
  if (!record || !block) return boot(on);
  say("booted", { have, interval: answer.interval });
  return answer;
}

// Whether we hold the very entry up to which the hub has a lane; if not, we are a backup.
function isOurs(answer, lane, entries, hashOf) {
  const seq = answer.have?.[lane] ?? 0;
  if (seq === 0 || seq > entries.length) return seq === 0;
  return [undefined, hashOf(entries[seq - 1])].includes(answer.hashes?.[lane]);
}

// What the hub lacks, records first.
async function send() {
  if (busy || !link) return;
  busy = true;
  const on = link;
  try {
    while (on === link) {
      if (have.record < state.records.length) {
        have.record = (await on.call("Records", journal.batch(have.record))).have;
        journal.acknowledged(have);
        say("stored", { lane: "record", have: have.record });
      } else if (have.telemetry < state.blocks.length) {
        const blocks = state.blocks.slice(have.telemetry, have.telemetry + 100);
        have.telemetry = (await on.call("Telemetry", { epoch: state.telemetryEpoch, blocks, gaps: [] })).have;
        journal.acknowledged(have);
        say("stored", { lane: "telemetry", have: have.telemetry });
      } else break;
    }
  } catch (error) {
    say("failed", { code: error.code, text: error.message });
  } finally {
    busy = false;
  }
  if (link && link !== on) send();
}

// A new key and certificate, on disk before they are shown; the old ones stay for a hub that forgets the new.
async function renew() {
  const { key, csr } = certificateRequest();
  const answer = await link.call("SignCertificate", { csr: csr.toString("base64") });
  if (answer.status !== "Accepted") throw new CallError("Rejected", answer.reason);
  state.identity.papers = [{ key, cert: answer.certificateChain }, state.identity.papers[paper]];
  paper = 0;
  journal.save();
  say("renewed", { compressed: link.compressed });
  link.close();
}

// ---- the connection ----

let paper = 0; // which of our certificates is shown: the newest, and the one before it to a hub that forgot that
function connect() {
  const on = new Link(state.identity, state.identity.papers[paper], handlers, dictionary);
  let signs;
  on.on("open", async () => {
    try {
      const { interval } = await boot(on);
      link = on;
      failures = 0;
      signs = setInterval(() => {
        if (performance.now() - on.saidAt > interval * 900) attempt(heartbeat(on));
      }, interval * 100);
      send();
    } catch (error) {
      say("failed", { code: error.code, text: error.message });
      on.close();
    }
  });
  on.on("end", ({ code, reason }) => {
    clearInterval(signs);
    if (link === on) link = null;
    say("closed", { code, reason, compressed: on.compressed });
    if (stopping) process.exit(0);
    if (code === 4404 && paper + 1 < state.identity.papers.length) paper += 1;
    else if (code >= 4400 && code < 4500) {
      say("refused", { code, reason });
      process.exit(1);
    }
    const wait = code === 1000 ? 0 : Math.min(30_000, 1000 * 2 ** failures++) * (0.5 + Math.random() / 2);
    setTimeout(connect, wait);
  });
}

const words = {
  async session() {
    // yesterday from 07:30 to 08:30 in China: over the boundary of two periods
    const midnight = (Math.floor(Date.now() / 86_400_000) - 1) * 86_400_000; // UTC: 08:00 in China
    begin(midnight - 1_800_000);
    finish(midnight + 1_800_000, 10_344_001, "Local");
  },
  async alarm() {
    journal.record("alarm", bodies.alarm("door-open", "the door is open", "gun-1"));
    send();
  },
  async again() {
    say("again", await link.call("Records", journal.batch(0)));
  },
  async nonsense() {
    await link.call("Nonsense", {});
  },
  renew,
  heartbeat: () => heartbeat(link),
  async stop() {
    stopping = true;
    if (!link) process.exit(0);
    link.close();
  },
};

if (token && !state.identity) {
  state.identity = await enrol(readToken(token), journal.publicKey, say);
  journal.save();
  say("enrolled", { edge: state.identity.edge });
}
connect();
const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  if (Object.hasOwn(words, line)) attempt(words[line]());
  else say("unknown", { line });
});
