// A shape that is begun but not closed outlives a reload and the browser's end: placing it takes longer than the second
// that may be lost. It stays in this browser until it is closed or given up.

const PAUSE_MS = 300;

let last = 0;

// Names stay in the project: the scan's key, another for each reader, says whose it is. Each scan and layer has a place
// of its own, so that no tab overwrites what another reader, or the same one on another scan, has begun.
const placeOf = ({ scan, layer }) => `ichor-begun/${scan.key}/${layer.name}`;

/** Keeps a shape: {k, points, erase, label}; at most every PAUSE_MS unless `now`. */
export function keepBegun(session, { k, points, erase, label }, now = true) {
  if (!now && Date.now() - last < PAUSE_MS) return;
  last = Date.now();
  const rounded = points.map((point) => point.map((one) => Math.round(one * 100) / 100));
  localStorage.setItem(placeOf(session), JSON.stringify({ k, points: rounded, erase: Boolean(erase), label }));
}

export const dropBegun = (session) => localStorage.removeItem(placeOf(session));

/** The shape that was begun on this scan and layer, or null. */
export function findBegun(session) {
  const kept = JSON.parse(localStorage.getItem(placeOf(session)) ?? "null");
  return kept?.points.length ? kept : null;
}
