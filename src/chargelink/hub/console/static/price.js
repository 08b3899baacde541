// What a start costs, in words, before anybody presses the button. The words of each tariff come from the hub.

import { make, say } from "./dom.js";
import { language, word } from "./format.js";

const FRESH = 60_000; // ms: "now" is another price when the period changes
const AGAIN = 5_000; // ms until it is asked again for a tariff that the hub has not got yet
const known = new Map(); // by hash: lines, or none yet, and when to ask again

/** The lines of a tariff, if they are here; they are asked for when they are not, or are old. */
function linesOf(hash) {
  const entry = known.get(hash) ?? { lines: null, due: 0 };
  if (Date.now() >= entry.due) {
    entry.due = Date.now() + AGAIN;
    known.set(hash, entry);
    load(hash, entry);
  }
  return entry.lines;
}

async function load(hash, entry) {
  try {
    const answer = await fetch(`/api/tariffs/${encodeURIComponent(hash)}`);
    if (!answer.ok) return;
    entry.lines = (await answer.json()).lines[language];
    entry.due = Date.now() + FRESH;
  } catch {
    // the hub is away: the page says so, and asks again
  }
}

/** The price at a device: one line, all of it when it is opened. An edge that tells no tariff has none to show. */
export function priceTag() {
  const now = make("span", {}, "");
  const rest = make("ul", {});
  const tag = make("details", { class: "price", hidden: "" }, make("summary", {}, now), rest);
  tag.show = (hash) => {
    tag.hash = hash;
    tag.hidden = hash === undefined;
    if (hash === undefined) return;
    const lines = linesOf(hash);
    say(now, lines === null ? word("price-unknown") : lines[0]);
    const texts = (lines ?? []).slice(1);
    if (texts.join("\n") !== [...rest.children].map((line) => line.textContent).join("\n")) {
      rest.replaceChildren(...texts.map((text) => make("li", {}, text)));
    }
  };
  tag.isShown = () => tag.hash === undefined || known.get(tag.hash)?.lines != null;
  return tag;
}
