// What stands in records: bodies by docs/protocols/records.md, and the bill of a session by its rules, version 1.

const [MINUTE, DAY, CHINA] = [60_000, 86_400_000, 8 * 3_600_000]; // ms

export const TARIFF = {
  id: "day-and-night",
  version: 1,
  name: "day and night",
  periods: [
    { start: "08:00", end: "24:00", name: "flat", energyPrice: 80_000, servicePrice: 40_000 },
    { start: "00:00", end: "08:00", name: "valley", energyPrice: 30_000, servicePrice: 40_000 },
  ],
  perUse: null,
};

export const alarm = (code, text, device) => ({ code, text, at: Date.now(), device, sessionId: null });

// `known` is what start and end both tell: sessionId, edgeId, authorisedBy, tariffHash, remoteStartId.
const session = ({ sessionId, edgeId, authorisedBy, tariffHash }) => ({
  sessionId,
  edgeId,
  device: "gun-1",
  kind: "dc",
  authorisedBy,
  tariffId: TARIFF.id,
  tariffHash,
});

export const started = (known, start) => ({
  ...session(known),
  at: start.at,
  outlet: null,
  remoteStartId: known.remoteStartId,
  start,
});

export const ended = (known, readings, stopReason) => ({
  ...session(known),
  startedAt: readings[0].at,
  at: readings.at(-1).at,
  stopReason,
  stoppedBy: stopReason === "Remote" ? "hub" : "person",
  readings,
  bill: bill(known, TARIFF, readings),
  outlet: null,
  remoteStartId: known.remoteStartId,
  socStart: 500,
  socEnd: 502,
  trip: null,
  vehicle: null,
});

// ---- what is due ----

export function bill({ sessionId, tariffHash }, tariff, readings) {
  const energies = split(tariff.periods, readings);
  const lines = tariff.periods.flatMap((period, index) =>
    energies[index] === 0
      ? []
      : [
          line("energy", period, energies[index], period.energyPrice),
          line("service", period, energies[index], period.servicePrice),
        ],
  );
  return {
    sessionId,
    tariffId: tariff.id,
    tariffHash,
    rulesVersion: 1,
    lines,
    total: lines.reduce((sum, { amount }) => sum + amount, 0),
    energy: readings.at(-1).register - readings[0].register,
    verifiedMeter: true,
    fault: false,
    startedAt: readings[0].at,
    endedAt: readings.at(-1).at,
  };
}

function line(what, { name, start, end }, energy, price) {
  const amount = Number((2n * BigInt(energy) * BigInt(price) + 1_000_000_000n) / 2_000_000_000n); // half up
  const because = `${(energy / 1e6).toFixed(6)} kWh x ${(price / 1e5).toFixed(5)} yuan/kWh, ${start}-${end}`;
  return { what, energy, amount, because, period: name, price };
}

function split(periods, readings) {
  // the energy of each period, mWh
  const energies = periods.map(() => 0);
  const prices = periods.map(({ energyPrice, servicePrice }) => energyPrice + servicePrice);
  readings.slice(1).forEach((later, index) => {
    const earlier = readings[index];
    const [energy, time] = [later.register - earlier.register, later.at - earlier.at];
    let [left, period] = [energy, periodAt(periods, earlier.at)];
    if (time > DAY) {
      energies[prices.indexOf(Math.min(...prices))] += energy;
      return;
    }
    for (let from = earlier.at; from < later.at;) {
      // minute by minute: no period ends within one
      period = periodAt(periods, from);
      let to = from;
      while (to < later.at && periodAt(periods, to) === period) to = Math.min(later.at, to + MINUTE - (to % MINUTE));
      const part = Number((BigInt(energy) * BigInt(to - from)) / BigInt(time));
      energies[period] += part;
      left -= part;
      from = to;
    }
    energies[period] += left;
  });
  return energies;
}

function periodAt(periods, at) {
  const minute = Math.floor(((at + CHINA) % DAY) / MINUTE);
  return periods.findIndex(({ start, end }) => {
    const [from, to] = [start, end].map((time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3)));
    return from < to ? minute >= from && minute < to : minute >= from || minute < to;
  });
}
