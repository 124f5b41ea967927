// The lines of readers' outlines in a consensus. The color shows the subtype, as everywhere; each reader has a dash pattern, and
// only the consensus is a solid line around a filled area.

import { icon } from "./dom.js";

const DASHES = [[8, 4], [2, 3], [10, 3, 2, 3], [5, 2], [2, 6], [12, 6], [6, 3, 2, 3, 2, 3], [3, 1]];

/** The dashes of reader `i`, as a canvas takes them. */
export const dashOf = (i) => DASHES[i % DASHES.length];

/** A short line with these dashes, for a legend. */
export function lineKey(dash) {
  const key = icon("M0 12H40");
  key.setAttribute("viewBox", "0 0 40 24");
  key.classList.add("line-key");
  key.firstChild.setAttribute("stroke-dasharray", dash.join(" "));
  return key;
}
