// Buttons that ask something of an edge: busy until it has answered, then what it said, for a while.

import { make, say } from "./dom.js";
import { language, word } from "./format.js";

const SHOWN = 8000; // ms
const toast = document.getElementById("said-last");
let hiding = 0;

/** Post to the API on behalf of a button. */
export async function ask(button, path, body = {}) {
  const label = button.textContent;
  button.disabled = true;
  button.textContent = word("busy");
  tell(await posted(path, body));
  button.disabled = false;
  button.textContent = label;
}

async function posted(path, body) {
  try {
    const answer = await fetch(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
    const said = await answer.json();
    return said.error ? { good: false, text: said.error[language] } : outcome(said);
  } catch (error) {
    return { good: false, text: word("failed", String(error.message ?? error)) };
  }
}

function outcome(said) {
  return { good: said.outcome === "accepted", text: word(said.outcome, said.reason ?? "") };
}

function tell({ good, text }) {
  toast.replaceChildren(make("span", {}, ""));
  say(toast.firstElementChild, text);
  toast.classList.toggle("bad", !good);
  toast.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { toast.hidden = true; }, SHOWN);
}
