// As much MessagePack as a token and the body of a record need.

export function unpack(data) {
  let at = 0;
  const bytes = (size) => data.subarray(at, (at += size));
  const value = () => {
    const kind = data[at++];
    if (kind >= 0x90 && kind <= 0x9f) return Array.from({ length: kind & 15 }, value);
    if (kind >= 0xa0 && kind <= 0xbf) return bytes(kind & 31).toString();
    if (kind === 0xd9) return bytes(data[at++]).toString();
    if (kind === 0xc4) return bytes(data[at++]);
    throw new Error(`MessagePack 0x${kind.toString(16)}`);
  };
  return value();
}

export function pack(value) {
  if (value === null) return Buffer.from([0xc0]);
  if (typeof value === "number") {
    const number = Buffer.alloc(9, 0xcf);
    number.writeBigUInt64BE(BigInt(value), 1);
    return number;
  }
  if (typeof value === "string") {
    const text = Buffer.from(value);
    return Buffer.concat([Buffer.from(text.length < 32 ? [0xa0 | text.length] : [0xd9, text.length]), text]);
  }
  const entries = Object.entries(value).flat().map(pack);
  return Buffer.concat([Buffer.from([0x80 | (entries.length / 2)]), ...entries]);
}
