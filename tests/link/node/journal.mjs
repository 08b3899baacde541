// What must not be lost: records with their chain and signature, and blocks of telemetry; kept in one file of a folder.

import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "./enrolment.mjs";
import { bigEndian, encode } from "./msgpack.mjs";

const text = (value) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]); // n and what follows

export function chainStart(edge, epoch, lane) {
  return sha256("chargelink.chain.1", text(edge), text(epoch), text(lane));
}

export function chainNext(chain, record) {
  return sha256(
    chain,
    bigEndian(record.seq, 8),
    bigEndian(record.at, 8),
    text(record.kind),
    Buffer.from(record.hash, "base64"),
  );
}

export class Journal {
  #path;
  constructor(folder) {
    this.#path = join(folder, "edge.json");
    this.state = existsSync(this.#path)
      ? JSON.parse(readFileSync(this.#path, "utf8"))
      : {
          identity: null, // what the enrolment gave
          signingKey: generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }),
          epoch: randomBytes(8).toString("hex"),
          records: [],
          telemetryEpoch: randomBytes(8).toString("hex"),
          blocks: [],
          acknowledged: { record: 0, telemetry: 0 },
          starts: {}, // remoteStartId: our answer
        };
    this.save();
  }

  save() {
    writeFileSync(this.#path + ".new", JSON.stringify(this.state), { mode: 0o600, flush: true });
    renameSync(this.#path + ".new", this.#path);
  }

  get publicKey() {
    // 32 bytes
    return Buffer.from(createPublicKey(this.state.signingKey).export({ format: "jwk" }).x, "base64url");
  }

  record(kind, body, at = Date.now()) {
    // returns its seq and hash
    const bytes = encode(body);
    const record = {
      seq: this.state.records.length + 1,
      kind,
      at,
      body: bytes.toString("base64"),
      hash: sha256(bytes).toString("base64"),
    };
    this.state.records.push(record);
    this.save();
    return record;
  }

  block(device, sessionId, samples) {
    const [begin, end] = [samples[0].at, samples.at(-1).at];
    const block = {
      seq: this.state.blocks.length + 1,
      device,
      sessionId,
      begin,
      end,
      count: samples.length,
      body: pack(samples).toString("base64"),
    };
    this.state.blocks.push(block);
    this.save();
  }

  // This journal was restored, the hub says: what was not acknowledged goes on in a new life of it.
  beginAnew(reason) {
    const { epoch: previous, records, acknowledged } = this.state;
    const chain = this.chainAt(records.length);
    this.state.epoch = randomBytes(8).toString("hex");
    this.state.records = [];
    this.record("journal.epoch", {
      previous,
      reason,
      at: Date.now(),
      lanes: { record: { seq: records.length, chain } },
    });
    for (const { kind, at, body, hash } of records.slice(acknowledged.record))
      this.state.records.push({ seq: this.state.records.length + 1, kind, at, body, hash });
    acknowledged.record = 0;
    this.save();
  }

  beginTelemetryAnew() {
    const { blocks, acknowledged } = this.state;
    this.state.telemetryEpoch = randomBytes(8).toString("hex");
    this.state.blocks = blocks.slice(acknowledged.telemetry).map((block, index) => ({ ...block, seq: index + 1 }));
    acknowledged.telemetry = 0;
    this.save();
  }

  acknowledged(have) {
    Object.assign(this.state.acknowledged, have);
    this.save();
  }

  // The value of the chain at a record, or before the first.
  chainAt(seq) {
    const { epoch, records, identity } = this.state;
    return records.slice(0, seq).reduce(chainNext, chainStart(identity.edge, epoch, "record"));
  }

  // What the hub lacks, at most 500 records: the payload of a Records call with the chain's value and a signature.
  batch(have) {
    const { epoch, records, signingKey } = this.state;
    const some = records.slice(have, have + 500);
    const previous = this.chainAt(have).toString("base64");
    const { seq, at } = { seq: some.at(-1).seq, at: Date.now() };
    const chain = this.chainAt(seq);
    const signed = Buffer.concat([Buffer.from("chargelink.checkpoint.1"), bigEndian(seq, 8), bigEndian(at, 8), chain]);
    const signature = sign(null, signed, createPrivateKey(signingKey)).toString("base64");
    return { epoch, first: some[0].seq, lane: "record", records: some, previous, checkpoint: { seq, at, signature } };
  }
}

// ---- the body of a telemetry block ----

function varint(value) {
  const bytes = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return [...bytes, value];
}
const zigzag = (value) => varint(value < 0 ? -2 * value - 1 : 2 * value);
const divisor = (a, b) => {
  while (b) [a, b] = [b, a % b];
  return Math.abs(a);
};
const differences = (values) => values.slice(1).map((value, at) => value - values[at]);
const shortest = (writings) => writings.reduce((best, next) => (next.length < best.length ? next : best));

function column(values, kind = 0) {
  const steps = differences(values);
  const step = steps.reduce(divisor, 0) || 1;
  const quotients = steps.map((difference) => difference / step);
  const written = (delta, rest) => [kind | delta, ...varint(step), ...zigzag(values[0]), ...rest.flatMap(zigzag)];
  return shortest([written(0, quotients), written(1, [...quotients.slice(0, 1), ...differences(quotients)])]);
}

// Samples of { at, voltage, current, power, energy, soc or null }.
export function pack(samples) {
  const of = (name) => samples.map((sample) => sample[name]);
  const excess = samples.map(({ voltage, current, power }) => power - Math.floor((voltage * current) / 1000));
  const known = of("soc").filter((soc) => soc !== null);
  const bitmap = new Array(Math.ceil(samples.length / 8)).fill(0);
  samples.forEach(({ soc }, at) => {
    if (soc !== null) bitmap[at >> 3] |= 1 << (at & 7);
  });
  const soc =
    known.length === 0
      ? [0]
      : known.length === samples.length
        ? [1, ...column(known)]
        : [2, ...bitmap, ...column(known)];
  return Buffer.from([
    1,
    0,
    ...varint(samples.length),
    ...column(of("at")),
    ...column(of("voltage")),
    ...column(of("current")),
    ...shortest([column(of("power")), column(excess, 2)]),
    ...column(of("energy")),
    ...soc,
  ]);
}
