// Integers with units become words here and nowhere else: mV, mA, mW, mWh, fen, 0.1 %, 1/100 000 yuan, ms.

const said = JSON.parse(document.getElementById("said").textContent);
const chinese = said.language === "zh";

/** A word of the page; `{}` are filled from the rest. */
export function word(key, ...values) {
  return values.reduce((text, value) => text.replace("{}", () => value), said.words[key] ?? key);
}

/** What a device, a bill or a session says in one word. */
export function term(key) {
  return said.terms[key] ?? key;
}

export const language = said.language;
export const ZONE = "Asia/Shanghai"; // tariffs are written in UTC+8, so times are shown in it wherever one looks from

/** Kilowatt-hours with every digit that was measured, at least three. */
export function energy(mWh) {
  const digits = String(mWh % 1_000_000).padStart(6, "0").replace(/0{1,3}$/, "");
  return `${Math.floor(mWh / 1_000_000)}.${digits} kWh`;
}

export const voltage = (mV) => `${(mV / 1000).toFixed(1)} V`;
export const current = (mA) => `${(mA / 1000).toFixed(1)} A`;
export const soc = (tenths) => `${(tenths / 10).toFixed(tenths % 10 ? 1 : 0)} %`;

export function power(mW) {
  return Math.abs(mW) < 1_000_000 ? `${Math.round(mW / 1000)} W` : `${(mW / 1_000_000).toFixed(1)} kW`;
}

/** Money is exact: fen as yuan. */
export function money(fen) {
  return `¥${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, "0")}`;
}

/** The price of a line with every digit it has, at least two: per hour where it is for a time, else per kilowatt-hour. */
export function price(line) {
  if (line.price == null) return "–"; // left out of what has none, as a price per use
  const digits = String(line.price % 100_000).padStart(5, "0").replace(/0{1,3}$/, "");
  return word(line.duration == null ? "per-kwh" : "per-hour", `${Math.floor(line.price / 100_000)}.${digits}`);
}

/** A span of time in its two largest units. */
export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [d, h, m, s] = chinese ? [" 天", " 小时", " 分", " 秒"] : [" d", " h", " min", " s"];
  const parts = [[Math.floor(seconds / 86_400), d], [Math.floor(seconds / 3600) % 24, h],
    [Math.floor(seconds / 60) % 60, m], [seconds % 60, s]];
  const first = parts.findIndex(([count]) => count > 0);
  const shown = first < 0 ? parts.slice(3) : parts.slice(first, first + 2);
  return shown.filter(([count], index) => index === 0 || count > 0).map(([count, unit]) => count + unit).join(" ");
}

export const ago = (ms) => word("ago", span(ms));

export function clock(ms) {
  return new Date(ms).toLocaleString(chinese ? "zh-CN" : "en-GB", { dateStyle: "medium", timeStyle: "medium", timeZone: ZONE });
}
