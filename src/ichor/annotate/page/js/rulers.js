// The rulers of a slice: saved with its labels, so that they can be undone, appear in the history, and survive a reload.
// On a finished reading they are not saved, and last until the scan is closed.

import { replaceLabels } from "./edit.js";
import { labelsOf } from "./layer.js";

const rounded = (point) => point.map((one) => Math.round(one * 100) / 100);

/** The rulers of a slice as {from, to}, each [x, y] in pixels. */
export function rulersOf(session, k) {
  const saved = labelsOf(session.layer, k).rulers ?? [];
  const all = saved.map(([x0, y0, x1, y1]) => ({ from: [x0, y0], to: [x1, y1] }));
  return [...all, ...(session.rulers.get(k) ?? [])];
}

export function addRuler(session, k, { from, to }) {
  if (session.readOnly || session.busy) return session.rulers.set(k, [...(session.rulers.get(k) ?? []), { from, to }]);
  const labels = labelsOf(session.layer, k);
  return replaceLabels(session, k, { ...labels, rulers: [...(labels.rulers ?? []), [...rounded(from), ...rounded(to)]] });
}

/** Removes the rulers of a slice; those of a finished reading stay. */
export function clearRulers(session, k) {
  session.rulers.delete(k);
  const labels = labelsOf(session.layer, k);
  if (!session.readOnly && !session.busy && labels.rulers?.length) replaceLabels(session, k, { ...labels, rulers: [] });
}
