// A layer of a scan: one reader's label maps and labels, or the consensus.

import { getJson, layerPath } from "./api.js";
import { decode, isEmpty } from "./runs.js";

// `implied` are the subtypes that regions and slices imply: they are shown, but not stated.
export const NO_LABELS = {
  subtypes: [], fracture: false, no_hemorrhage: false, quality: [], note: "", rulers: [], ai_rejected: false, revision: 0, implied: [],
};

// For readings finished with an earlier version, it is unknown which slices were viewed: none is marked.
const NOT_NOTED = { has: () => true };

/** The layer as the server has it; `size` is the pixels of a slice. */
export async function fetchLayer(scan, name, size) {
  return takeLayer({ name, size }, await getJson(layerPath(scan, name)));
}

/** Updates a layer with the server's version of it. */
export function takeLayer(layer, answer) {
  const slices = new Map();
  for (const [k, one] of Object.entries(answer.slices)) {
    const map = one.runs ? decode(one.runs, layer.size) : null;
    slices.set(Number(k), { revision: one.revision, map, origins: one.origins });
  }
  const labels = new Map(Object.entries(answer.labels.slices).map(([k, one]) => [Number(k), one]));
  labels.set("scan", answer.labels.scan ?? NO_LABELS);
  const looked = answer.looked ? new Set(answer.looked) : NOT_NOTED;
  return Object.assign(layer, { slices, labels, looked, state: answer.state, writable: answer.writable });
}

/** The entry of a slice, created if nothing was drawn yet. */
export function sliceOf(layer, k) {
  if (!layer.slices.has(k)) layer.slices.set(k, { revision: 0, map: null, origins: {} });
  return layer.slices.get(k);
}

/** The label map of a slice to write on. */
export function mapOf(layer, k) {
  const slice = sliceOf(layer, k);
  slice.map ??= new Uint8Array(layer.size);
  return slice.map;
}

export const labelsOf = (layer, key) => layer.labels.get(key) ?? NO_LABELS;

export const isDrawn = (layer, k) => !isEmpty(layer.slices.get(k)?.map);

/** Slices with anything drawn, lowest first. */
export const drawnSlices = (layer) =>
  [...layer.slices.keys()].filter((k) => isDrawn(layer, k)).sort((a, b) => a - b);

/** This page's revisions of a layer, for some slices or all, for the server to compare with its own. */
export function revisionsOf(layer, slices = null) {
  const wanted = (key) => slices === null || slices.includes(key);
  const known = (entries) => Object.fromEntries([...entries].filter(([key, one]) => one.revision && wanted(key))
    .map(([key, one]) => [key, one.revision]));
  return { slices: known(layer.slices), labels: known(layer.labels) };
}
