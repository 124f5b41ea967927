// Coronal and sagittal views next to the slice, through the crosshair that the three views share.

import { fill } from "./dom.js";
import { paint } from "./overlay.js";
import { Volume } from "./placed_volume.js";
import { makePlane } from "./planes.js";
import { chooseTool } from "./session.js";
import { makeState } from "./state.js";
import { cross } from "./tools/cross.js";
import { pan } from "./tools/navigate.js";

const KEPT = "ichor-planes";
const FILL = 0.35;

/** Prepares `place` for the views, and opens them if they were last open in this browser. Returns a function that closes them. */
export function attachPlanes(session, place) {
  session.planesPlace = place;
  session.listeners.push((kind) => session.planes?.follow(kind));
  if (localStorage.getItem(KEPT)) open(session);
  return () => session.planes?.close();
}

/** Opens or closes the views. */
export function togglePlanes(session) {
  if (session.planes) {
    localStorage.removeItem(KEPT);
    close(session);
  } else {
    localStorage.setItem(KEPT, "open");
    open(session);
    if (session.tool === pan) chooseTool(session, cross);
  }
  paint(session);
}

function close(session) {
  session.planes.close();
  session.planes = null;
  session.planesPlace.hidden = true;
  fill(session.planesPlace);
  if (session.tool === cross) chooseTool(session, pan);
  session.emit("tool");
}

function open(session) {
  const { viewer, scan, me } = session;
  const volume = new Volume(scan.geometry, { hu: viewer.volume.hu, labels: new Uint8Array(viewer.volume.hu.length) });
  const middle = { k: viewer.slice, i: volume.rows >> 1, j: volume.columns >> 1 };
  const state = makeState({
    k: viewer.slice, level: viewer.level, width: viewer.width, outlines: session.shown, fill: FILL, probability: false,
    cross: session.cross ?? middle,
  });
  const changed = () => state.set({ version: (volume.version += 1) });
  takeLabels(session, volume);
  const views = ["coronal", "sagittal"].map((kind) => makePlane(kind, volume, me.subtypes, state));
  state.on((values) => {
    if (values.cross) session.cross = values.cross;
    // The wheel may have moved to another slice since this frame was requested.
    if (values.cross && values.k !== undefined && values.k !== viewer.slice) session.goTo(values.k);
    else if (values.cross) paint(session);
  });
  session.cross = state.cross;
  session.planes = {
    state,
    follow(kind) {
      if (kind === "slice") state.set({ k: viewer.slice });
      else if (kind === "window") state.set({ level: viewer.level, width: viewer.width });
      else if (kind === "tool") state.set({ outlines: session.shown });
      else if (kind === "arrived") changed();
      else if (kind === "layer") {
        takeLabels(session, volume);
        changed();
      }
    },
    close: () => views.forEach((one) => one.close()),
  };
  session.planesPlace.hidden = false;
  fill(session.planesPlace, views.map((one) => one.place));
  session.emit("tool");
}

// The regions on all slices, as one array.
function takeLabels({ layer }, { labels, perSlice }) {
  labels.fill(0);
  for (const [k, { map }] of layer.slices) if (map) labels.set(map, k * perSlice);
}
