// Running sessions: numbers now, curves, and a way to stop.

import { ask } from "./ask.js";
import { Curves } from "./curve.js";
import { make, say } from "./dom.js";
import { current, energy, power, soc, span, term, voltage, word } from "./format.js";

const NUMBERS = [
  ["kilowatts", (point) => power(point[3])],
  ["energy", (point) => energy(point[5])],
  ["voltage", (point) => voltage(point[1])],
  ["current", (point) => current(point[2])],
];

/** The name of what charges: device, and the outlet of a socket. */
export function place(session) {
  return session.outlet === null ? session.device : `${session.device} · ${word("outlet", session.outlet)}`;
}

/** A card of a running session; `state` is asked at each update. */
export function sessionCard(state, session) {
  const values = new Map();
  const number = (key) => {
    const value = make("dd", {}, "–");
    values.set(key, value);
    return make("div", {}, make("dt", {}, word(key)), value);
  };
  const bar = make("progress", { max: 1000, "aria-label": word("soc") });
  const level = make("b", {}, "");
  const charge = make("p", { class: "soc", hidden: "" }, bar, level);
  const chart = make("div", { class: "chart" });
  const quiet = make("p", { class: "quiet" }, word("no-samples"));
  const stop = make("button", { class: "stop", type: "button" }, word("stop"));
  stop.addEventListener("click", () => ask(stop, `/api/sessions/${encodeURIComponent(session.id)}/stop`));
  const card = make("article", { class: "card", "data-session": session.id },
    make("header", {},
      make("div", {}, make("h3", {}, place(session)),
        make("p", { class: "quiet" }, `${session.edge} · ${term(session.kind)} · ${term(session.authorisedBy)}`)),
      session.authorisedBy === "monitor" ? null : stop),
    make("dl", { class: "numbers" }, ...NUMBERS.map(([key]) => number(key)), number("elapsed")),
    charge, chart, quiet);
  const curves = new Curves(chart, session.kind);
  loadCurve(session.id).then((points) => curves.set(points), () => {});
  card.update = () => {
    const point = state.samples.get(session.id);
    say(values.get("elapsed"), span(state.now - session.started));
    quiet.hidden = point !== undefined;
    if (point === undefined) return;
    for (const [key, text] of NUMBERS) say(values.get(key), text(point));
    charge.hidden = point[4] === null;
    bar.value = point[4] ?? 0;
    say(level, point[4] === null ? "" : soc(point[4]));
    curves.add(point);
  };
  card.leave = () => curves.destroy();
  return card;
}

async function loadCurve(id) {
  const answer = await fetch(`/api/sessions/${encodeURIComponent(id)}`);
  return answer.ok ? (await answer.json()).points : [];
}
