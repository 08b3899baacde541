// The page: follows the stream of changes and keeps the document equal to what it says.

import { billCard } from "./bills.js";
import { edgeGroup } from "./devices.js";
import { keep, make, say } from "./dom.js";
import { clock, language, power, word } from "./format.js";
import { sessionCard } from "./sessions.js";
import { State } from "./state.js";

const TOPICS = ["snapshot", "edge", "device", "devices", "session", "sample", "bill", "alarm"];
const FEW_ALARMS = 4;
const FRAME = 200; // ms between drawings: faster is not seen

const state = new State();
const element = (id) => document.getElementById(id);
let drawing = 0;
let allAlarms = false;

function follow() {
  const stream = new EventSource("/api/events");
  for (const topic of TOPICS) {
    stream.addEventListener(topic, (event) => {
      state.take(topic, JSON.parse(event.data));
      link(true);
      drawing ||= setTimeout(draw, topic === "snapshot" ? 0 : FRAME);
    });
  }
  stream.addEventListener("error", () => {
    link(false);
    // A browser gives up for good when the answer was an error; then we begin anew.
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
  });
}

function link(up) {
  say(element("link"), word(up ? "live" : "connecting"));
  element("link").className = `pill ${up ? "good" : "bad"}`;
}

function draw() {
  drawing = 0;
  const running = state.running();
  keep(element("sessions"), running, (session) => session.id, (session) => sessionCard(state, session));
  const edges = [...state.edges.values()].sort((one, other) => one.id.localeCompare(other.id));
  keep(element("devices"), edges, (edge) => edge.id, (edge) => edgeGroup(state, edge));
  keep(element("bills"), state.lastBills(), (bill) => bill.session, (bill) => billCard(state, bill));
  drawAlarms();
  drawSummary(edges, running);
}

function drawAlarms() {
  const alarms = state.lastAlarms();
  const shown = allAlarms ? alarms : alarms.slice(0, FEW_ALARMS);
  const more = alarms.length - shown.length;
  keep(element("alarms"), more ? [...shown, { id: "more", more }] : shown, (alarm) => String(alarm.id), alarmRow);
}

function alarmRow(alarm) {
  if (alarm.id === "more") {
    const button = make("button", { type: "button", onclick: () => { allAlarms = true; draw(); } });
    const row = make("li", { class: "more" }, button);
    row.update = ({ more }) => say(button, word("more", more));
    return row;
  }
  const text = alarm.words[language] ?? alarm.kind;
  return make("li", {}, make("span", {}, text), make("span", { class: "quiet" }, `${alarm.edge} · ${clock(alarm.at)}`));
}

function drawSummary(edges, running) {
  const online = edges.filter((edge) => edge.connected).length;
  const total = running.reduce((sum, session) => sum + (state.samples.get(session.id)?.[3] ?? 0), 0);
  const tiles = [["edges", `${online} / ${edges.length}`], ["charging", `${running.length}`], ["power", power(total)]];
  keep(element("summary"), tiles, ([key]) => key, ([key]) => {
    const value = make("dd", {}, "");
    const tile = make("div", {}, make("dt", {}, word(key)), value);
    tile.update = ([, text]) => say(value, text);
    return tile;
  });
}

follow();
setInterval(() => { if (state.edges.size && !drawing) draw(); }, 1000);
