// Devices by edge: what state they are in, since when, and a way to start.

import { ask } from "./ask.js";
import { keep, make, say } from "./dom.js";
import { ago, clock, term, word } from "./format.js";

const STARTABLE = ["gun", "socket"];
const TONES = { charging: "good", monitoring: "good", fault: "bad", faulted: "bad", tripped: "bad", lost: "bad", offline: "bad" };

/** An edge with its devices. */
export function edgeGroup(state, edge) {
  const pill = make("span", { class: "pill" });
  const about = make("span", { class: "quiet" }, "");
  const list = make("div", { class: "cards" });
  const group = make("div", { class: "edge", "data-edge": edge.id },
    make("h3", {}, edge.id, pill, about), list,
    make("p", { class: "empty", hidden: "" }, word("edge-without-devices")));
  group.update = (edge) => {
    say(pill, edge.connected ? word("online") : word("offline", clock(edge.lastSeen)));
    pill.className = `pill ${edge.connected ? "good" : "bad"}`;
    say(about, edge.software);
    const devices = [...state.devices.values()].filter((device) => device.edge === edge.id)
      .sort((one, other) => one.id.localeCompare(other.id, undefined, { numeric: true }));
    keep(list, devices, (device) => device.id, (device) => deviceCard(state, device));
  };
  return group;
}

function deviceCard(state, device) {
  const pill = make("span", { class: "pill" });
  const age = make("span", { class: "quiet" }, "");
  const buttons = make("div", { class: "buttons" });
  const card = make("article", { class: "card device", "data-device": device.id },
    make("header", {}, make("div", {}, make("h4", {}, device.id), make("p", { class: "quiet" }, term(device.kind))), pill),
    make("footer", {}, age, buttons));
  card.update = (device) => {
    say(pill, term(device.state));
    pill.className = `pill ${TONES[device.state] ?? ""}`;
    say(age, ago(state.now - device.at));
    keep(buttons, placesToStart(state, device), (outlet) => outlet ?? "", (outlet) => startButton(device, outlet));
    for (const button of buttons.children) button.classList.toggle("away", !state.edges.get(device.edge)?.connected);
  };
  return card;
}

/** Where a session could start: outlets of a socket as its `detail.outlets` tells them, null for a device without. */
function placesToStart(state, device) {
  if (!STARTABLE.includes(device.kind) || TONES[device.state] === "bad") return [];
  const busy = state.runningAt(device).map((session) => session.outlet);
  const outlets = device.detail.outlets;
  const all = outlets === undefined || outlets === null ? [null] : names(outlets);
  return all.filter((outlet) => !busy.includes(outlet));
}

/** Outlets come as a list of names or of objects with an id, or as an object by name. */
function names(outlets) {
  if (!Array.isArray(outlets)) return Object.keys(outlets);
  return outlets.map((outlet) => String(outlet?.id ?? outlet?.outlet ?? outlet));
}

function startButton(device, outlet) {
  const text = outlet === null ? word("start") : word("start-outlet", outlet);
  const button = make("button", { class: "start", type: "button" }, text);
  const path = `/api/devices/${encodeURIComponent(device.edge)}/${encodeURIComponent(device.id)}/start`;
  button.addEventListener("click", () => ask(button, path, outlet === null ? {} : { outlet }));
  return button;
}
