// Devices by edge: what state they are in, since when, and a way to start.

import { ask } from "./ask.js";
import { keep, make, say } from "./dom.js";
import { ago, clock, language, term, word } from "./format.js";
import { priceTag } from "./price.js";

const STARTABLE = ["gun", "socket"];
const BAD = ["fault", "faulted", "tripped", "lost", "offline", "unavailable"];
const GOOD = ["charging", "topping up", "monitoring"];

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
  const cause = make("p", { class: "quiet" }, "");
  const price = priceTag();
  const places = make("div", { class: "places" });
  const card = make("article", { class: "card device", "data-device": device.id },
    make("header", {}, make("div", {}, make("h4", {}, device.id), make("p", { class: "quiet" }, term(device.kind), " · ", age)), pill),
    cause, price, places);
  card.update = (device) => {
    say(pill, term(device.state));
    pill.className = `pill ${tone(device.state)}`;
    say(age, ago(state.now - device.at));
    const { hindrance, hindranceChinese, notice, noticeChinese, causeText, causeChinese } = device.detail;
    const chinese = hindranceChinese ?? noticeChinese ?? causeChinese;
    say(cause, String((language === "zh" ? chinese : hindrance ?? notice ?? causeText) ?? ""));
    price.show(STARTABLE.includes(device.kind) ? device.detail.tariff : undefined);
    keep(places, placesOf(device), ({ outlet }) => outlet ?? "", (place) => placeRow(state, device, place, price));
  };
  return card;
}

function tone(word) {
  if (BAD.includes(word)) return "bad";
  return GOOD.includes(word) ? "good" : "";
}

/** Where a session could be started: the outlets of a socket (`detail.outlets`, by name), the device itself, or nowhere. */
function placesOf(device) {
  if (!STARTABLE.includes(device.kind) || device.detail.mode === "monitor") return [];
  const outlets = device.detail.outlets;
  if (outlets === null || typeof outlets !== "object") return [{ outlet: null, state: device.state }];
  return Object.entries(outlets).map(([outlet, { state } = {}]) => ({ outlet, state: state ?? device.state }));
}

/** One place: an outlet's name and state, and a button while nothing is charging there and the price is shown. */
function placeRow(state, device, { outlet }, price) {
  const pill = make("span", { class: "pill" });
  const button = make("button", { class: "start", type: "button" }, word("start"));
  const path = `/api/devices/${encodeURIComponent(device.edge)}/${encodeURIComponent(device.id)}/start`;
  button.addEventListener("click", () => {
    const tariffHash = price.hash; // what is read here; another price by now is refused by the edge
    ask(button, path, { ...(outlet !== null && { outlet }), ...(tariffHash !== undefined && { tariffHash }) });
  });
  const name = outlet === null ? null : make("span", {}, make("span", {}, `${word("outlet", outlet)} `), pill);
  const row = make("div", { class: "place" }, name, button);
  row.update = (place) => {
    say(pill, term(place.state));
    pill.className = `pill ${tone(place.state)}`;
    button.hidden = BAD.includes(place.state) || !price.isShown()
      || state.runningAt(device).some((session) => session.outlet === outlet);
    button.classList.toggle("away", !state.edges.get(device.edge)?.connected);
    row.hidden = name === null && button.hidden;
  };
  return row;
}
