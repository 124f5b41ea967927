// The voxels of a scan, slice by slice: first the slice shown, then those nearest to it, even if the reader moves to another.
// Each slice can be read as soon as it has arrived.

import { getBytes } from "./api.js";
import { el, fill } from "./dom.js";
import { takeSlice } from "./volume.js";

const AT_ONCE = 2;
const RETRY_MS = 1000;
// The size of one request: small, so that a reader who jumps to another slice does not wait for much else.
const BATCH_BYTES = 2 ** 20;
const MOST_SLICES = 16; // the maximum that the server accepts in one request

/**
 * Loads the slices of a scan into `volume` (of emptyVolume). `current()` is the slice shown; `changed(slices, problem)` is called
 * with the slices that arrived, or with none and the error while there is no connection: it is tried again until `close`.
 *
 * Returns {first, whole, close}: promises for the first slice (rejected if it cannot be loaded) and for all.
 */
export function loadSlices(scan, volume, current, changed) {
  const waiting = new Set(Array.from({ length: volume.n }, (_, k) => k));
  const stop = new AbortController();
  const most = Math.min(MOST_SLICES, Math.max(1, Math.floor(BATCH_BYTES / (2 * volume.rows * volume.columns))));

  async function take(count) {
    const batch = nearest(waiting, current(), count);
    for (const k of batch) waiting.delete(k);
    try {
      const query = batch.map((k) => `k=${k}`).join("&");
      const bytes = new Uint8Array(await getBytes(`/api/scans/${scan}/voxels?${query}`, { signal: stop.signal }));
      const size = bytes.length / batch.length;
      batch.forEach((k, i) => takeSlice(volume, k, bytes.subarray(i * size, (i + 1) * size)));
    } catch (error) {
      for (const k of batch) waiting.add(k);
      throw error;
    }
    changed(batch, null);
  }

  async function work() {
    while (waiting.size && !stop.signal.aborted) {
      try {
        await take(most);
      } catch (error) {
        if (stop.signal.aborted) return;
        changed([], error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  const first = take(1);
  const whole = first.then(() => Promise.all(Array.from({ length: AT_ONCE }, work)));
  whole.catch(() => null); // whoever waits for the first slice gets the error
  return { first, whole, close: () => stop.abort() };
}

/** The pending slices nearest to `slice`, nearest first; of two at the same distance, the higher one first. */
const nearest = (waiting, slice, count) =>
  [...waiting].sort((a, b) => Math.abs(a - slice) - Math.abs(b - slice) || b - a).slice(0, count);

/** The progress bar, and the message in place of a slice that has not arrived. */
export function loadingBar(session) {
  const bar = el("div", { className: "hud loading-bar", role: "progressbar", "aria-label": "Loading the scan", "aria-valuemin": 0 });
  const [done, words] = [el("i"), el("span")];
  bar.append(el("div", {}, done), words);
  const missing = el("div", { className: "hud missing", role: "status", hidden: true });
  const update = (kind) => {
    if (kind !== "arrived" && kind !== "slice") return;
    const { volume, slice } = session.viewer;
    const arrived = volume.arrived.size;
    bar.hidden = arrived === volume.n;
    bar.setAttribute("aria-valuemax", volume.n);
    bar.setAttribute("aria-valuenow", arrived);
    done.style.setProperty("--part", `${(100 * arrived) / volume.n}%`);
    fill(words, session.loadingProblem?.message ?? `${arrived} of ${volume.n} slices loaded`);
    missing.hidden = volume.arrived.has(slice);
    if (!missing.hidden) fill(missing, `Slice ${slice + 1} is still loading …`);
  };
  session.listeners.push(update);
  update("slice");
  return [bar, missing];
}
