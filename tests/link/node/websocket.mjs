// A websocket client (RFC 6455) over a TLS socket: the handshake, masked frames out, fragments together, pings answered.

import { createHash, randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { isIP } from "node:net";
import { connect } from "node:tls";

const LIMIT = 1024 * 1024; // of a message
const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];

// Emits `open`, `message` (text: string, binary: Buffer) and once `end` with { code, reason }; code 1006: without goodbye.
export class WebSocket extends EventEmitter {
  #socket;
  #received = Buffer.alloc(0);
  #open = false;
  #fragments = [];
  #kind = TEXT;
  #goodbye = { code: 1006, reason: "the connection was lost" };

  constructor(url, protocol, { ca, cert, key }) {
    super();
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const nonce = randomBytes(16).toString("base64");
    const accept = createHash("sha1")
      .update(nonce + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
      .digest("base64");
    this.#socket = connect({
      host,
      port: url.port,
      servername: isIP(host) ? undefined : host,
      ca,
      cert,
      key,
      minVersion: "TLSv1.3",
    });
    this.#socket.setNoDelay(true).setTimeout(60_000, () => this.#socket.destroy(new Error("silent for a minute")));
    this.#socket.on("secureConnect", () =>
      this.#socket.write(
        [
          `GET ${url.pathname} HTTP/1.1`,
          `Host: ${url.host}`,
          "Upgrade: websocket",
          "Connection: Upgrade",
          `Sec-WebSocket-Key: ${nonce}`,
          "Sec-WebSocket-Version: 13",
          `Sec-WebSocket-Protocol: ${protocol}`,
          "",
          "",
        ].join("\r\n"),
      ),
    );
    this.#socket.on("data", (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      try {
        if (!this.#open) this.#handshake(accept, protocol);
        while (this.#open && this.#frame());
      } catch (error) {
        this.#socket.destroy(error);
      }
    });
    this.#socket.on("error", (error) => {
      if (this.#goodbye.code === 1006) this.#goodbye.reason = error.message;
    });
    this.#socket.on("close", () => this.emit("end", this.#goodbye));
  }

  send(message) {
    this.#send(typeof message === "string" ? TEXT : BINARY, Buffer.from(message));
  }

  close() {
    this.#send(CLOSE, Buffer.from([0x03, 0xe8]));
  }

  #handshake(accept, protocol) {
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return;
    const [status, ...lines] = this.#received.subarray(0, end).toString("latin1").split("\r\n");
    this.#received = this.#received.subarray(end + 4);
    const headers = new Map(
      lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
    );
    if (!status.startsWith("HTTP/1.1 101 ")) throw new Error(status);
    if (headers.get("sec-websocket-accept") !== accept) throw new Error("this is no websocket");
    if (headers.get("sec-websocket-protocol") !== protocol) throw new Error("the hub does not speak our subprotocol");
    this.#open = true;
    this.emit("open");
  }

  #frame() {
    // one frame out of what was received; false: more is needed
    const bytes = this.#received;
    if (bytes.length < 2) return false;
    const [final, kind] = [bytes[0] & 0x80, bytes[0] & 0x0f];
    let [begin, length] = [2, bytes[1]];
    if (length & 0x80 || bytes[0] & 0x70) throw new Error("a frame of the hub is masked or uses an extension");
    if (length >= 126) {
      begin = length === 126 ? 4 : 10;
      if (bytes.length < begin) return false;
      length = length === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    }
    if (length > LIMIT) throw new Error("a message of the hub is too large");
    if (bytes.length < begin + length) return false;
    this.#received = bytes.subarray(begin + length);
    this.#take(kind, final, Buffer.from(bytes.subarray(begin, begin + length)));
    return true;
  }

  #take(kind, final, body) {
    if (kind === PING) return this.#send(PONG, body);
    if (kind === PONG) return;
    if (kind === CLOSE) {
      this.#goodbye = { code: body.length >= 2 ? body.readUInt16BE(0) : 1005, reason: body.subarray(2).toString() };
      this.#send(CLOSE, body.subarray(0, 2));
      this.#socket.end();
      return;
    }
    if (kind !== CONTINUATION) [this.#kind, this.#fragments] = [kind, []];
    this.#fragments.push(body);
    if (!final) return;
    const message = Buffer.concat(this.#fragments);
    if (message.length > LIMIT) throw new Error("a message of the hub is too large");
    this.#fragments = [];
    this.emit("message", this.#kind === TEXT ? message.toString() : message);
  }

  #send(kind, body) {
    if (!this.#socket.writable) return;
    const length = body.length < 126 ? Buffer.from([0x80 | body.length]) : Buffer.alloc(body.length < 0x10000 ? 3 : 9);
    if (length.length === 3) {
      length[0] = 0xfe;
      length.writeUInt16BE(body.length, 1);
    }
    if (length.length === 9) {
      length[0] = 0xff;
      length.writeBigUInt64BE(BigInt(body.length), 1);
    }
    const mask = randomBytes(4);
    this.#socket.write(
      Buffer.concat([Buffer.from([0x80 | kind]), length, mask, body.map((byte, at) => byte ^ mask[at & 3])]),
    );
  }
}
