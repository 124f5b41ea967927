// One result: its scan with outlines, and what was found.

import { makeAxial } from "./axial.js";
import { makeBar } from "./bar.js";
import { el, fill } from "./dom.js";
import { loadVolume } from "./load.js";
import { drawMidline } from "./midline.js";
import { makePanel } from "./panel.js";
import { makePlane } from "./planes.js";
import { source } from "./source.js";
import { makeState } from "./state.js";
import { makeToolbar } from "./toolbar.js";

/** Builds a result into `root`. Returns {key, close}. */
export async function openResult(root, number) {
  const result = await source.result(number);
  document.getElementById("where").textContent = result.patient ?? result.name;
  const { scan, volume } = await loadVolume(number);
  const brain = result.windows[0];
  const state = makeState({
    k: firstSlice(result), level: brain.level, width: brain.width, fill: 0.15, outlines: true, probability: false,
    zoom: 1, panX: 0, panY: 0, tool: "window", cross: null, rulers: [], lesion: null, midline: null,
  });
  const axial = makeAxial(volume, result, state, { extras: (context, toScreen) => drawMidline(context, toScreen, state, volume) });
  const bar = makeBar(result, state);
  const planes = ["coronal", "sagittal"].map((kind) => makePlane(kind, volume, result.colours, state));
  const toolbar = makeToolbar({ number, result, scan, volume, state, axial });
  const stage = el("div", { className: "stage" }, bar.place, axial.place,
    el("div", { className: "planes" }, planes.map((one) => one.place)));
  const panel = makePanel({ number, result, volume, state, axial, stage });
  fill(root, el("div", { className: "result" }, toolbar.place, stage, panel.place));
  const last = volume.n - 1;
  const steps = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 5, PageDown: -5, Home: -last, End: last };
  return {
    key(event) {
      if (event.key in steps) state.set({ k: Math.min(last, Math.max(0, state.k + steps[event.key])) });
      else return toolbar.key(event) || panel.key(event);
      return true;
    },
    close() {
      for (const one of [axial, bar, panel, ...planes]) one.close();
    },
  };
}

/** The best slice of the largest lesion, or that of highest probability. */
function firstSlice(result) {
  if (result.lesions.length) return result.lesions[0].centre_slice;
  const chances = result.slices.map((one) => one.probability);
  return chances.indexOf(Math.max(...chances));
}
