// The origin of the regions of a slice, by label: "drawn" by hand, "calculated", or an AI outline that is untouched ("ai"),
// "ai accepted" or "ai edited". The server uses the same words.

const isAi = (origin) => origin?.startsWith("ai");

/** Whether all regions of a slice are AI outlines that nobody has changed or accepted. */
export const untouched = (slice) => all(slice, (origin) => origin === "ai");

/** Whether a slice has an AI outline that nobody has changed or accepted. */
export const undecided = (slice) => Object.values(slice?.origins ?? {}).includes("ai");

/** Whether all regions of a slice are AI outlines that a reader accepted without changes. */
export const accepted = (slice) => all(slice, (origin) => origin === "ai accepted");

function all(slice, test) {
  const origins = Object.values(slice?.origins ?? {});
  return origins.length > 0 && origins.every(test);
}

/** The origin of a region of origin `before` after a change of origin `how`. */
export function changedOrigin(before, how) {
  if (how.startsWith("ai")) return how;
  if (isAi(before)) return "ai edited";
  return before === "calculated" ? before : how;
}

/** The origins of the labels on a slice after a change of origin `how`; a label whose pixels did not change keeps its own. */
export function originsAfter(before, origins, map, how) {
  const [there, changed] = [new Set(), new Set()];
  for (let i = 0; i < map.length; i++) {
    if (map[i]) there.add(map[i]);
    if (before[i] !== map[i]) changed.add(before[i]).add(map[i]);
  }
  return Object.fromEntries([...there].map((label) =>
    [label, changed.has(label) ? changedOrigin(origins[label], how) : origins[label]]));
}

/** The origins of two versions of a slice that were merged. */
export function mergedOrigins(mine, theirs) {
  const both = { ...theirs, ...mine };
  for (const label of Object.keys(theirs)) {
    if (label in mine && mine[label] !== theirs[label]) both[label] = calculated([mine[label], theirs[label]]);
  }
  return both;
}

/** The origin of what is calculated from regions of these origins. */
export const calculated = (origins) => (origins.some(isAi) ? "ai edited" : "calculated");

/** The origin of a copy of regions of these origins, on another slice or with another subtype. */
export const copied = (origins) => (origins.every((one) => one === "drawn") ? "drawn" : calculated(origins));
