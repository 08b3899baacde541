// A websocket client (RFC 6455) on a TLS connection: no extensions, whole messages in and out.

import crypto from "node:crypto";
import tls from "node:tls";

const ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455 §1.3
const [CONTINUED, TEXT, BINARY, CLOSE, PING, PONG] = [0x0, 0x1, 0x2, 0x8, 0x9, 0xa];
const LARGEST = 1 << 20;

export class Websocket {
  // `heard(message)` gets text as a string and binary as a Buffer; `ended(code, reason)` comes once.
  constructor(url, subprotocol, papers, heard, ended) {
    const { hostname, port, pathname } = new URL(url);
    this.heard = heard;
    this.ended = ended;
    this.received = Buffer.alloc(0);
    this.parts = [];
    this.opened = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    const host = hostname.replace(/^\[|\]$/g, "");
    this.socket = tls.connect({ host, port: Number(port), minVersion: "TLSv1.3", ...papers }, () => {
      const key = crypto.randomBytes(16).toString("base64");
      this.expected = crypto.createHash("sha1").update(key + ACCEPT).digest("base64");
      const lines = [`GET ${pathname} HTTP/1.1`, `Host: ${hostname}:${port}`, "Upgrade: websocket", "Connection: Upgrade"];
      lines.push(`Sec-WebSocket-Key: ${key}`, "Sec-WebSocket-Version: 13", `Sec-WebSocket-Protocol: ${subprotocol}`);
      this.socket.write(lines.join("\r\n") + "\r\n\r\n");
    });
    this.socket.on("data", (data) => this.take(data));
    this.socket.on("error", (error) => this.end(1006, String(error)));
    this.socket.on("close", () => this.end(1006, "the connection was lost"));
  }

  send(message) {
    this.frame(typeof message === "string" ? TEXT : BINARY, Buffer.from(message));
  }

  close(code, reason) {
    this.frame(CLOSE, Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]));
  }

  frame(opcode, data) {
    const size = data.length;
    const head = size < 126 ? Buffer.alloc(2) : size < 65536 ? Buffer.alloc(4) : Buffer.alloc(10);
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | (size < 126 ? size : size < 65536 ? 126 : 127); // §5.3: a client masks
    if (head.length === 4) head.writeUInt16BE(size, 2);
    if (head.length === 10) head.writeBigUInt64BE(BigInt(size), 2);
    const mask = crypto.randomBytes(4);
    this.socket.write(Buffer.concat([head, mask, data.map((byte, at) => byte ^ mask[at & 3])]));
  }

  take(data) {
    this.received = Buffer.concat([this.received, data]);
    if (this.expected && !this.greet()) return;
    for (let frame; (frame = this.next()); ) this.obey(...frame);
  }

  // The answer to our request; whether it is there.
  greet() {
    const end = this.received.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const [status, ...lines] = this.received.subarray(0, end).toString().split("\r\n");
    const headers = Object.fromEntries(lines.map((line) => line.split(/:\s*/, 2)).map(([a, b]) => [a.toLowerCase(), b]));
    if (!status.startsWith("HTTP/1.1 101") || headers["sec-websocket-accept"] !== this.expected) {
      this.end(1002, `${status} ${this.received.subarray(end + 4)}`);
      return false;
    }
    this.received = this.received.subarray(end + 4);
    this.expected = undefined;
    this.subprotocol = headers["sec-websocket-protocol"];
    this.resolve(this);
    return true;
  }

  // The next whole frame: opcode, whether it ends its message, its data.
  next() {
    if (this.received.length < 2) return undefined;
    let size = this.received[1] & 127;
    let at = 2;
    if (size === 126) at = 4;
    if (size === 127) at = 10;
    if (this.received.length < at) return undefined;
    if (size === 126) size = this.received.readUInt16BE(2);
    if (size === 127) size = Number(this.received.readBigUInt64BE(2));
    if (size > LARGEST) throw new Error(`a frame of ${size} bytes`);
    if (this.received.length < at + size) return undefined;
    const [first] = this.received;
    const data = this.received.subarray(at, at + size);
    this.received = this.received.subarray(at + size);
    return [first & 15, (first & 0x80) !== 0, data];
  }

  obey(opcode, last, data) {
    if (opcode === PING) this.frame(PONG, data);
    else if (opcode === CLOSE) {
      const code = data.length >= 2 ? data.readUInt16BE(0) : 1005;
      this.frame(CLOSE, data.subarray(0, 2));
      this.end(code, data.subarray(2).toString());
    } else if (opcode === TEXT || opcode === BINARY || opcode === CONTINUED) {
      if (opcode !== CONTINUED) this.kind = opcode;
      this.parts.push(data);
      if (!last) return;
      const message = Buffer.concat(this.parts.splice(0));
      this.heard(this.kind === TEXT ? message.toString() : message);
    }
  }

  end(code, reason) {
    if (this.over) return;
    this.over = true;
    this.socket.end();
    this.reject(new Error(`${code} ${reason}`));
    this.opened.catch(() => {});
    this.ended(code, reason);
  }
}
