// How the regions of a slice came about, by label: "drawn" by hand, "calculated" from what was, or a model's outline:
// "ai" untouched, "ai accepted", "ai edited". The server holds the same words.

const isAi = (origin) => origin?.startsWith("ai");

/** Whether all that is drawn on a slice is a model's outline that no reader has touched or accepted. */
export const untouched = (slice) => all(slice, (origin) => origin === "ai");

/** Whether it is a model's outline that a reader has accepted as it is. */
export const accepted = (slice) => all(slice, (origin) => origin === "ai accepted");

function all(slice, test) {
  const origins = Object.values(slice?.origins ?? {});
  return origins.length > 0 && origins.every(test);
}

/** What a region is after a change by `how`, where it was `before`. */
export function changedOrigin(before, how) {
  if (how.startsWith("ai")) return how;
  if (isAi(before)) return "ai edited";
  return before === "calculated" ? before : how;
}

/**
 * The origins after a change of a slice's map by `how`, of the labels that are there now. A region that is as it was keeps
 * its own.
 */
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

/** What is made of regions of these origins, but not drawn by hand. */
export const calculated = (origins) => (origins.some(isAi) ? "ai edited" : "calculated");

/** What is taken as it is from regions of these origins to another place, or for another subtype. */
export const copied = (origins) => (origins.every((one) => one === "drawn") ? "drawn" : calculated(origins));
