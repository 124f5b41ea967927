// What the labels of a slice or a scan become; the server holds the same rules.

/** The subtypes' names of what is drawn in a label map; hemorrhage of no stated subtype has none. */
export function drawnSubtypes(map, subtypes) {
  const labels = new Set(map ?? []);
  return subtypes.filter((one) => one.label <= 5 && labels.has(one.label)).map((one) => one.name);
}

/** Labels after a region was drawn: its subtype is on the slice, and the slice has hemorrhage. */
export function afterDrawing(labels, map, subtypes) {
  if (!map?.some((label) => label > 0)) return labels;
  const drawn = drawnSubtypes(map, subtypes);
  const all = subtypes.map((one) => one.name).filter((name) => labels.subtypes.includes(name) || drawn.includes(name));
  return { ...labels, subtypes: all, no_hemorrhage: false };
}

export function toggleSubtype(labels, name) {
  const has = labels.subtypes.includes(name);
  const subtypes = has ? labels.subtypes.filter((one) => one !== name) : [...labels.subtypes, name];
  return { ...labels, subtypes, no_hemorrhage: labels.no_hemorrhage && has };
}

export function toggleNone(labels) {
  return labels.no_hemorrhage
    ? { ...labels, no_hemorrhage: false }
    : { ...labels, no_hemorrhage: true, subtypes: [] };
}

export function toggleQuality(labels, remark) {
  const has = labels.quality.includes(remark);
  return { ...labels, quality: has ? labels.quality.filter((one) => one !== remark) : [...labels.quality, remark] };
}

/** The part of labels that a person stated: what follows from regions and slices is left to the server. */
export const stated = ({ subtypes, fracture, no_hemorrhage, quality, note, implied = [], implied_fracture = false }) => ({
  subtypes: subtypes.filter((one) => !implied.includes(one)),
  fracture: fracture && !implied_fracture,
  no_hemorrhage,
  quality,
  note,
});
