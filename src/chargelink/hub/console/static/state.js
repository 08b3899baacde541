// What the page knows: everything from a snapshot, then what each change replaces.

const MOST_BILLS = 20;
const MOST_ALARMS = 50;

export class State {
  constructor() {
    this.offset = 0; // our clock minus the hub's, ms
    this.edges = new Map();
    this.devices = new Map();
    this.sessions = new Map();
    this.samples = new Map();
    this.bills = new Map();
    this.alarms = new Map();
  }

  /** The hub's time, so that ages do not depend on the clock of whoever looks. */
  get now() {
    return Date.now() - this.offset;
  }

  take(topic, value) {
    if (topic === "snapshot") this.begin(value);
    else if (topic === "edge") this.edges.set(value.id, value);
    else if (topic === "device") this.devices.set(`${value.edge}/${value.id}`, value);
    else if (topic === "devices") this.haveOnly(value);
    else if (topic === "session") this.session(value);
    else if (topic === "sample") this.samples.set(value.session, value.point);
    else if (topic === "bill") this.bills.set(value.session, value);
    else if (topic === "alarm") this.alarms.set(value.id, value);
  }

  begin(snapshot) {
    this.offset = Date.now() - snapshot.now;
    for (const kind of ["edges", "devices", "sessions", "samples", "bills", "alarms"]) this[kind].clear();
    const topics = [["edges", "edge"], ["devices", "device"], ["sessions", "session"], ["samples", "sample"],
      ["bills", "bill"], ["alarms", "alarm"]];
    for (const [kind, topic] of topics) for (const value of snapshot[kind]) this.take(topic, value);
  }

  haveOnly({ edge, ids }) {
    for (const [key, device] of this.devices) if (device.edge === edge && !ids.includes(device.id)) this.devices.delete(key);
  }

  session(value) {
    this.sessions.set(value.id, value);
    if (value.ended !== null) this.samples.delete(value.id);
  }

  running() {
    return [...this.sessions.values()].filter((session) => session.ended === null)
      .sort((one, other) => other.started - one.started);
  }

  lastBills() {
    const newest = [...this.bills.values()].sort((one, other) => other.at - one.at).slice(0, MOST_BILLS);
    this.bills = new Map(newest.map((bill) => [bill.session, bill]));
    return newest;
  }

  lastAlarms() {
    const newest = [...this.alarms.values()].sort((one, other) => other.at - one.at || other.id - one.id);
    this.alarms = new Map(newest.slice(0, MOST_ALARMS).map((alarm) => [alarm.id, alarm]));
    return [...this.alarms.values()];
  }

  runningAt(device) {
    return this.running().filter((session) => session.edge === device.edge && session.device === device.id);
  }
}
