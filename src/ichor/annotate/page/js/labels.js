// How the labels of a slice or a scan change; the server applies the same rules.

import { isDrawn, labelsOf } from "./layer.js";

/** Recomputes what regions imply for slice `k` and what slices imply for the scan, as the server will. */
export function deriveLabels(layer, k, subtypes) {
  if (k !== "scan") {
    const drawn = drawnSubtypes(layer.slices.get(k)?.map, subtypes);
    layer.labels.set(k, withImplied(labelsOf(layer, k), drawn, false, isDrawn(layer, k), subtypes));
  }
  const ofSlices = [...layer.labels].filter(([key]) => key !== "scan").map(([, labels]) => labels);
  const any = [...layer.slices.keys()].some((key) => isDrawn(layer, key));
  layer.labels.set("scan", withImplied(labelsOf(layer, "scan"), ofSlices.flatMap((labels) => labels.subtypes),
    ofSlices.some((labels) => labels.fracture), any, subtypes));
}

function withImplied(labels, implied, fracture, drawn, subtypes) {
  const { subtypes: own, fracture: ownFracture } = stated(labels);
  const all = subtypes.map((one) => one.name).filter((name) => own.includes(name) || implied.includes(name));
  return {
    ...labels,
    subtypes: all,
    implied: all.filter((name) => implied.includes(name)),
    fracture: ownFracture || fracture,
    implied_fracture: fracture,
    no_hemorrhage: labels.no_hemorrhage && !drawn && !all.length,
  };
}

// The names of the subtypes in a label map; hemorrhage without a stated subtype has none.
function drawnSubtypes(map, subtypes) {
  const labels = new Set(map ?? []);
  return subtypes.filter((one) => one.label <= 5 && labels.has(one.label)).map((one) => one.name);
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

/** The labels that a person stated; those implied by regions and slices are left to the server. */
export const stated = ({
  subtypes, fracture, no_hemorrhage, quality, note, rulers = [], ai_rejected = false, implied = [], implied_fracture = false,
}) => ({
  subtypes: subtypes.filter((one) => !implied.includes(one)),
  fracture: fracture && !implied_fracture,
  no_hemorrhage,
  quality,
  note,
  rulers,
  ai_rejected,
});
