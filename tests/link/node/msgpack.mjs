// MessagePack, as much of it as tokens and the bodies of records need. Integers that do not fit a number are refused.

export function encode(value) {
  if (value === null || value === undefined) return Buffer.from([0xc0]);
  if (typeof value === "boolean") return Buffer.from([value ? 0xc3 : 0xc2]);
  if (typeof value === "number") return integer(value);
  if (typeof value === "string") {
    const text = Buffer.from(value);
    return Buffer.concat([text.length < 32 ? Buffer.from([0xa0 | text.length]) : head(0xd9, text.length), text]);
  }
  if (Buffer.isBuffer(value)) return Buffer.concat([head(0xc4, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([short(0x90, 0xdc, value.length), ...value.map(encode)]);
  const entries = Object.entries(value);
  return Buffer.concat([short(0x80, 0xde, entries.length), ...entries.flat().map(encode)]);
}

function head(first, length) {
  // of text and bytes: one, two or four bytes of length
  if (length < 0x100) return Buffer.from([first, length]);
  if (length < 0x10000) return Buffer.from([first + 1, length >> 8, length & 0xff]);
  return Buffer.concat([Buffer.from([first + 2]), bigEndian(length, 4)]);
}

function short(few, many, length) {
  // of lists and maps
  return length < 16 ? Buffer.from([few | length]) : Buffer.from([many, length >> 8, length & 0xff]);
}

function integer(value) {
  if (!Number.isSafeInteger(value)) throw new Error(`${value} is no integer that a number holds`);
  if (value >= -32 && value < 128) return Buffer.from([value & 0xff]);
  if (value < 0) return Buffer.concat([Buffer.from([0xd3]), bigEndian(value, 8)]);
  if (value < 0x100) return Buffer.from([0xcc, value]);
  if (value < 0x10000) return Buffer.concat([Buffer.from([0xcd]), bigEndian(value, 2)]);
  if (value < 0x100000000) return Buffer.concat([Buffer.from([0xce]), bigEndian(value, 4)]);
  return Buffer.concat([Buffer.from([0xcf]), bigEndian(value, 8)]);
}

export function bigEndian(value, size) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes.subarray(8 - size);
}
