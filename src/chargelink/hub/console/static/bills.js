// The last bills, line by line, with what both ends reckoned.

import { make } from "./dom.js";
import { clock, energy, language, money, price, term, word } from "./format.js";
import { place } from "./sessions.js";

const TONES = { agreed: "good", lower: "warn", decided: "good", unpriced: "bad" };

/** A bill that opens to its lines. Its content is made again only when the bill is another. */
export function billCard(state, bill) {
  const card = make("details", { class: "card bill", "data-session": bill.session });
  let shown = null;
  card.update = (bill) => {
    const session = state.sessions.get(bill.session);
    if (shown === bill && card.dataset.named === String(Boolean(session))) return;
    shown = bill;
    card.dataset.named = String(Boolean(session));
    card.replaceChildren(summary(bill, session), ...content(bill, session));
  };
  return card;
}

function summary(bill, session) {
  const total = bill.total ?? bill.edgeTotal;
  return make("summary", {},
    make("span", { class: "what" }, make("b", {}, session ? place(session) : bill.session),
      make("span", { class: "quiet" }, `${clock(bill.at)} · ${energy(bill.bill.energy)}`)),
    make("span", { class: "sum" }, make("b", {}, money(total)),
      make("span", { class: `pill ${TONES[bill.settlement] ?? ""}` }, settlement(bill))));
}

function settlement(bill) {
  return word(bill.settlement, money(bill.edgeTotal), bill.hubTotal === null ? "–" : money(bill.hubTotal));
}

/** Whose car it was, as far as it may be seen. */
function car(vehicle) {
  if (!vehicle || vehicle.masked) return vehicle?.masked ?? "";
  if (vehicle.sight === "erased") return word("vehicle-erased");
  return vehicle.sight === "damaged" ? word("vehicle-damaged") : word("vehicle-no-key");
}

function content(bill, session) {
  const rows = bill.bill.lines.map((line) => make("tr", {},
    make("td", {}, [term(line.what), line.period ? term(line.period) : ""].filter(Boolean).join(" · "),
      make("small", {}, language === "zh" ? line.becauseChinese ?? line.because : line.because)),
    make("td", {}, energy(line.energy)),
    make("td", {}, price(line)),
    make("td", {}, money(line.amount))));
  const head = ["col-what", "col-energy", "col-price", "col-amount"].map((key) => make("th", { scope: "col" }, word(key)));
  const total = make("tr", { class: "total" }, make("td", {}, word("total")), make("td", {}, energy(bill.bill.energy)),
    make("td", {}), make("td", {}, money(bill.bill.total)));
  const about = [session?.stopReason ? word("stopped", term(session.stopReason)) : "", car(session?.vehicle), word("tariff", bill.bill.tariffId),
    bill.edge, bill.session].filter(Boolean).join(" · ");
  return [
    rows.length ? make("div", { class: "table" }, make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows), make("tfoot", {}, total)))
      : make("p", { class: "quiet" }, word("bill-empty")),
    make("p", { class: "quiet small" }, about),
  ];
}
