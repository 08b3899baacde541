// The curves of one session, drawn by uPlot (MIT, vendor/): two quantities a plot, one axis each.

import { word, ZONE } from "./format.js";

const MOST = 1200; // points kept; then every second one goes
const HEIGHT = 168;

// A point is [ms, mV, mA, mW, 0.1 %, mWh]; a line shows column / scale.
const VOLTAGE = { word: "voltage", column: 1, scale: 1000, unit: "V", digits: 1, colour: "--second" };
const CURRENT = { word: "current", column: 2, scale: 1000, unit: "A", digits: 1, colour: "--third" };
const POWER = { word: "kilowatts", column: 3, scale: 1_000_000, unit: "kW", digits: 2, colour: "--accent" };
const SOC = { word: "soc", column: 4, scale: 10, unit: "%", digits: 1, colour: "--third", range: [0, 100] };

const PLOTS = {
  dc: [[VOLTAGE, CURRENT], [POWER, SOC]],
  socket: [[POWER, CURRENT]],
};

/** The curves in an element: `set(points)` once, `add(point)` for each that follows, `destroy()` at the end. */
export class Curves {
  constructor(element, kind) {
    this.element = element;
    this.pairs = PLOTS[kind] ?? PLOTS.socket;
    this.points = [];
    this.plots = [];
    this.watch = new ResizeObserver(() => this.plots.forEach((plot) => plot.setSize(this.size())));
    this.watch.observe(element);
  }

  /** The curve as the hub keeps it; points that came meanwhile stay at its end. */
  set(points) {
    const newest = points.at(-1)?.[0] ?? 0;
    this.points = [...points, ...this.points.filter(([at]) => at > newest)];
    this.draw();
  }

  add(point) {
    if (point[0] <= (this.points.at(-1)?.[0] ?? 0)) return;
    this.points.push(point);
    if (this.points.length > MOST) this.points = this.points.filter((_, index) => index % 2 === 0);
    this.draw();
  }

  draw() {
    if (this.points.length < 2) return;
    this.pairs.forEach((lines, index) => {
      const columns = [this.column(0, 1000), ...lines.map((line) => this.column(line.column, line.scale))];
      if (this.plots[index]) this.plots[index].setData(columns);
      else this.plots[index] = new uPlot(this.options(lines), columns, this.element);
    });
  }

  column(index, scale) {
    return this.points.map((point) => (point[index] === null ? null : point[index] / scale));
  }

  options(lines) {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--quiet"), ticks: { show: false }, font: "11px system-ui" };
    const grid = { stroke: colour("--line"), width: 1 };
    return {
      ...this.size(),
      padding: [10, 4, 0, 0],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), ZONE),
      cursor: { drag: { x: false, y: false }, points: { size: 6 } },
      scales: Object.fromEntries(lines.map((line) => [line.unit, { range: line.range ?? around }])),
      axes: [
        { ...axis, grid: { show: false }, size: 26, space: 64, values: (_, ticks) => ticks.map(timeOfDay(ticks)) },
        ...lines.map((line, index) => ({
          ...axis, scale: line.unit, side: index ? 1 : 3, size: 42, grid: index ? { show: false } : grid,
          values: (_, ticks) => ticks.map((tick) => `${tick}`),
        })),
      ],
      series: [
        { label: "", value: (_, seconds) => (seconds === null ? "" : timeOfDay([0])(seconds)) },
        ...lines.map((line) => ({
          label: `${word(line.word)} (${line.unit})`, scale: line.unit, stroke: colour(line.colour), width: 2, points: { show: false },
          value: (_, value) => (value === null ? "" : value.toFixed(line.digits)),
        })),
      ],
    };
  }

  size() {
    return { width: Math.max(220, this.element.clientWidth), height: HEIGHT };
  }

  destroy() {
    this.watch.disconnect();
    this.plots.forEach((plot) => plot.destroy());
  }
}

/** A range that keeps zero in sight and some air above. */
function around(_, low, high) {
  return [Math.min(0, low ?? 0), Math.max(high ?? 0, 0.01) * 1.15];
}

/** Times of day as wide as the distance of the ticks asks for. */
function timeOfDay(ticks) {
  const fine = ticks.length < 2 || ticks[1] - ticks[0] < 60;
  const format = { hour: "2-digit", minute: "2-digit", ...(fine && { second: "2-digit" }), hour12: false, timeZone: ZONE };
  return (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB", format);
}
