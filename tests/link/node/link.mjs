// One connection to the hub: frames of OCPP-J in JSON, remote calls both ways.

import { EventEmitter } from "node:events";
import { inflateSync } from "node:zlib";
import { WebSocket } from "./websocket.mjs";

const LIMIT = 1024 * 1024;
const REMEMBERED = 8; // answers, for calls that are told twice
const OURS = [
  "BootNotification",
  "StatusNotification",
  "MeterValues",
  "Records",
  "Telemetry",
  "Heartbeat",
  "PersonKeys",
  "SignCertificate",
];

export class CallError extends Error {
  constructor(code, text) {
    super(text);
    this.code = code;
  }
}

// `handlers`: action -> (payload) => answer, or a CallError thrown. Emits `open` and once `end` with { code, reason }.
export class Link extends EventEmitter {
  #socket;
  #handlers;
  #dictionary;
  #waiting = new Map(); // id -> { resolve, reject, timer }
  #answered = new Map(); // id -> { message, answer }
  #last = 0;
  compressed = 0; // frames that came compressed
  saidAt = 0; // when we last said something, monotonic ms

  constructor(identity, paper, handlers, dictionary) {
    super();
    this.#handlers = handlers;
    this.#dictionary = dictionary;
    const url = new URL(`/link/${identity.edge}`, identity.link);
    this.#socket = new WebSocket(url, "chargelink.1.json", { ca: identity.ca, ...paper });
    this.#socket.on("open", () => this.emit("open"));
    this.#socket.on("message", (message) => this.#take(message));
    this.#socket.on("end", (goodbye) => {
      for (const { reject, timer } of this.#waiting.values()) {
        clearTimeout(timer);
        reject(new CallError("Lost", goodbye.reason));
      }
      this.#waiting.clear();
      this.emit("end", goodbye);
    });
  }

  call(action, payload) {
    const id = `${++this.#last}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        // unknown, not refused: a later answer is ignored
        this.#waiting.delete(id);
        reject(new CallError("NoAnswer", `${action} was not answered in 30 s`));
      }, 30_000);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#say([2, id, action, payload]);
    });
  }

  close() {
    this.#socket.close();
  }

  #say(frame) {
    this.saidAt = performance.now();
    this.#socket.send(JSON.stringify(frame));
  }

  #take(message) {
    let frame, text;
    try {
      text = typeof message === "string" ? message : this.#inflate(message);
      frame = JSON.parse(text);
    } catch (error) {
      return this.#say([4, "-1", "FormatViolation", `${error.message}`.slice(0, 255), {}]);
    }
    if (!Array.isArray(frame)) return this.#say([4, "-1", "RpcFrameworkError", "a frame is an array", {}]);
    const [kind, id] = frame;
    if (kind === 3 || kind === 4) return this.#settle(frame);
    const known = typeof id === "string" && id.length >= 1 && id.length <= 36;
    if (kind !== 2)
      return this.#say([4, known ? id : "-1", "MessageTypeNotSupported", `no frame begins with ${kind}`, {}]);
    if (!known) return this.#say([4, "-1", "RpcFrameworkError", "a call has an id of 1 to 36 characters", {}]);
    this.#answer(frame, text);
  }

  #inflate(message) {
    // exactly one whole stream
    const { buffer, engine } = inflateSync(message, {
      dictionary: this.#dictionary,
      maxOutputLength: LIMIT,
      info: true,
    });
    if (engine.bytesWritten !== message.length) throw new Error("there is something behind the stream");
    this.compressed += 1;
    return buffer.toString();
  }

  #settle([kind, id, ...rest]) {
    const call = this.#waiting.get(id);
    if (!call) return; // late, or to no call: never answered
    this.#waiting.delete(id);
    clearTimeout(call.timer);
    if (kind === 3) call.resolve(rest[0]);
    else call.reject(new CallError(rest[0], rest[1]));
  }

  #answer([, id, action, payload], message) {
    // handlers do not wait for anything, so calls are done in their order
    const before = this.#answered.get(id);
    if (before?.message === message) return this.#say(before.answer);
    let answer;
    try {
      if (before) throw new CallError("RpcFrameworkError", "another call had this id");
      if (typeof action !== "string") throw new CallError("RpcFrameworkError", "a call has an action");
      if (OURS.includes(action)) throw new CallError("NotSupported", `${action} is for the hub to do`);
      if (!Object.hasOwn(this.#handlers, action)) throw new CallError("NotImplemented", `we know no ${action}`);
      if (payload === null || typeof payload !== "object" || Array.isArray(payload))
        throw new CallError("ProtocolError", "the payload is no object");
      answer = [3, id, this.#handlers[action](payload)];
    } catch (error) {
      answer = [4, id, error.code ?? "InternalError", error.message.slice(0, 255), {}];
    }
    if (!before) this.#answered.set(id, { message, answer });
    if (this.#answered.size > REMEMBERED) this.#answered.delete(this.#answered.keys().next().value);
    this.#say(answer);
  }
}

// A field of a payload: required without `otherwise`; `check` says whether its value is in range.
export function field(payload, name, type, check, otherwise) {
  const value = payload[name];
  if (value === undefined || (value === null && otherwise === null)) {
    if (otherwise === undefined) throw new CallError("OccurrenceConstraintViolation", `${name} is missing`);
    return otherwise;
  }
  if (type === "integer" ? !Number.isInteger(value) : typeof value !== type)
    throw new CallError("TypeConstraintViolation", `${name} is no ${type}`);
  if (!check(value))
    throw new CallError("PropertyConstraintViolation", `${name} is not allowed to be ${JSON.stringify(value)}`);
  return value;
}
