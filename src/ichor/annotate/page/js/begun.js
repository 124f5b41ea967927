// A shape that is begun but not closed outlives a reload and the browser's end: placing it takes longer than the second
// that may be lost. It stays in this browser until it is closed or given up.

const PLACE = "ichor-begun";
const PAUSE_MS = 300;

let last = 0;

// Names stay in the project: the scan's key, another for each reader, says whose it is.
const whose = ({ scan, layer }) => `${scan.key}/${layer.name}`;

/** Keeps a shape: {k, points, erase}; at most every PAUSE_MS unless `now`. */
export function keepBegun(session, { k, points, erase }, now = true) {
  if (!now && Date.now() - last < PAUSE_MS) return;
  last = Date.now();
  const rounded = points.map((point) => point.map((one) => Math.round(one * 100) / 100));
  localStorage.setItem(PLACE, JSON.stringify({ of: whose(session), k, points: rounded, erase: Boolean(erase) }));
}

export const dropBegun = () => localStorage.removeItem(PLACE);

/** The shape that was begun on this scan and layer, or null. */
export function findBegun(session) {
  const kept = JSON.parse(localStorage.getItem(PLACE) ?? "null");
  return kept?.of === whose(session) && kept.points.length ? kept : null;
}
