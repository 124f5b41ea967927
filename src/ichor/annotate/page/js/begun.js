// An unfinished shape survives a reload and a closed browser: drawing it takes longer than the second that may be lost. It is
// kept in this browser until it is closed or discarded.

const PAUSE_MS = 300;

let last = 0;

// The scan's key differs between readers and reveals no names. Each scan and layer has its own entry, so that a tab never
// overwrites the unfinished shape of another reader or another scan.
const placeOf = ({ scan, layer }) => `ichor-begun/${scan.key}/${layer.name}`;

/** Keeps a shape: {k, points, erase, label}; at most every PAUSE_MS unless `now`. */
export function keepBegun(session, { k, points, erase, label }, now = true) {
  if (!now && Date.now() - last < PAUSE_MS) return;
  last = Date.now();
  const rounded = points.map((point) => point.map((one) => Math.round(one * 100) / 100));
  localStorage.setItem(placeOf(session), JSON.stringify({ k, points: rounded, erase: Boolean(erase), label }));
}

export const dropBegun = (session) => localStorage.removeItem(placeOf(session));

/** The shape that was started on this scan and layer, or null. */
export function findBegun(session) {
  const kept = JSON.parse(localStorage.getItem(placeOf(session)) ?? "null");
  return kept?.points.length ? kept : null;
}
