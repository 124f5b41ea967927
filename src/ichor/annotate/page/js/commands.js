// The effects of buttons and keys on the regions of a slice.

import { postJson } from "./api.js";
import { replaceMaps } from "./edit.js";
import { drawnSlices, mapOf, revisionsOf } from "./layer.js";
import { calculated, copied } from "./origins.js";
import { fillHoles } from "./raster.js";
import { decode, encode, isEmpty } from "./runs.js";
import { working } from "./working.js";

const toolPath = (session, tool) => `/api/scans/${session.scan.id}/tools/${tool}`;
const layerOf = (session) => ({ layer: session.layer.name });
const originsOf = (session, slices) => slices.flatMap((k) => Object.values(session.layer.slices.get(k)?.origins ?? {}));
const here = (session) => mapOf(session.layer, session.viewer.slice);

/** Fills the holes of the regions of the slice. */
export function fillSlice(session) {
  const { rows, columns } = session.viewer.volume;
  const map = here(session).slice();
  fillHoles(map, rows, columns);
  if (!replaceMaps(session, [[session.viewer.slice, map]])) session.say("There are no holes to fill on this slice.");
}

export function clearSlice(session) {
  replaceMaps(session, [[session.viewer.slice, new Uint8Array(session.layer.size)]]);
}

/** Adds what is drawn on the slice below (-1) or above (+1) where this slice is still empty. */
export function copyFrom(session, step) {
  const k = session.viewer.slice;
  const other = session.layer.slices.get(k + step)?.map;
  if (isEmpty(other)) return session.say(`There is no region on the slice ${step < 0 ? "below" : "above"}.`);
  const map = here(session).map((label, i) => label || other[i]);
  return replaceMaps(session, [[k, map]], copied(originsOf(session, [k + step])));
}

/** Smooths the regions of the slice. */
export async function smoothSlice(session) {
  const k = session.viewer.slice;
  if (isEmpty(here(session))) return session.say("There is no region on this slice.");
  return working(session, "Smoothing …", async () => {
    const runs = encode(mapOf(session.layer, k));
    const answer = await postJson(toolPath(session, "smooth"), { k, runs, base: revisionsOf(session.layer, [k]), ...layerOf(session) });
    return () => replaceMaps(session, [[k, decode(answer.runs, session.layer.size)]], calculated(originsOf(session, [k])));
  });
}

/** Fills the slices between the nearest drawn slice below (this one where it is drawn) and the nearest above. */
export async function interpolate(session) {
  const k = session.viewer.slice;
  const drawn = drawnSlices(session.layer);
  const from = drawn.filter((one) => one <= k).at(-1);
  const to = drawn.find((one) => one > k);
  if (from === undefined || to === undefined) return session.say("Interpolation needs a region on a slice below and on one above.");
  if (to === from + 1) return session.say("There is no slice between the two slices with regions.");
  const end = (index) => ({ k: index, runs: encode(mapOf(session.layer, index)) });
  return working(session, "Interpolating …", async () => {
    const slices = Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const body = { from: end(from), to: end(to), base: revisionsOf(session.layer, slices), ...layerOf(session) };
    const answer = await postJson(toolPath(session, "interpolate"), body);
    const maps = Object.entries(answer.slices).map(([index, runs]) => [Number(index), decode(runs, session.layer.size)]);
    return () => {
      replaceMaps(session, maps, calculated(originsOf(session, [from, to])));
      session.say(to === from + 2 ? `Slice ${to} interpolated.` : `Slices ${from + 2} to ${to} interpolated.`);
    };
  });
}
