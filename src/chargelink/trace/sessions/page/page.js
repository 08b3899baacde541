// Reads values off the curves, and changes the language. The page is complete without it.
"use strict";
const button = document.getElementById("language");
button.hidden = false;
button.addEventListener("click", () => {
  const page = document.documentElement;
  page.lang = page.lang === "en" ? "zh-CN" : "en";
});

// The vertices of a path as [time, low, high]: two of the same time are a stretch with its extremes.
function stretches(path) {
  const numbers = path.getAttribute("d").match(/-?[\d.]+(?:e[-+]?\d+)?/g).map(Number);
  const found = [];
  for (let place = 0; place < numbers.length; place += 2) {
    const last = found[found.length - 1];
    if (last && last[0] === numbers[place]) last[2] = numbers[place + 1];
    else found.push([numbers[place], numbers[place + 1], numbers[place + 1]]);
  }
  return found;
}

// The stretch that a time is in: the last one that begins before it.
function at(curve, time) {
  let low = 0, high = curve.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (curve[middle][0] <= time) low = middle + 1; else high = middle;
  }
  return curve[low - 1];
}

for (const plots of document.querySelectorAll(".plots")) {
  const span = Number(plots.dataset.axis);
  const drawings = [...plots.querySelectorAll(".drawing")];
  const keys = [...plots.querySelectorAll(".key output")];
  const ranges = keys.map((key) => key.textContent);
  let curves = null;
  const cursors = drawings.map((drawing) => {
    const cursor = document.createElement("i");
    cursor.className = "cursor";
    cursor.hidden = true;
    drawing.append(cursor);
    return cursor;
  });
  function read(event) {
    curves ??= drawings.flatMap((drawing) => [...drawing.querySelectorAll("path.curve")].reverse().map(stretches));
    const box = drawings[0].querySelector("svg").getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    const time = share * span;
    curves.forEach((curve, place) => {
      const stretch = at(curve, time);
      keys[place].textContent = !stretch ? "–" : stretch[1] === stretch[2] ? stretch[1] : `${stretch[1]}–${stretch[2]}`;
    });
    for (const cursor of cursors) {
      cursor.hidden = false;
      cursor.style.left = `${share * 100}%`;
      cursor.dataset.time = plots.dataset.timed === "yes" ? `${time.toFixed(span < 120 ? 2 : 0)} s` : Math.round(time);
    }
  }
  function leave() {
    keys.forEach((key, place) => { key.textContent = ranges[place]; });
    for (const cursor of cursors) cursor.hidden = true;
  }
  for (const drawing of drawings) {
    drawing.addEventListener("pointermove", read);
    drawing.addEventListener("pointerdown", read);
    drawing.addEventListener("pointerleave", leave);
  }
}
