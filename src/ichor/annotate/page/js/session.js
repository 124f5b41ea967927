// Everything that belongs to one open scan: what is shown, what is drawn, what is undone.

import { getBytes, getJson, postJson } from "./api.js";
import { keptWindow } from "./kept.js";
import { fetchLayer, revisionsOf } from "./layer.js";
import { paint, paletteOf } from "./overlay.js";
import { createSaver } from "./saver.js";
import { keptLabel } from "./subtype.js";
import { takeSeconds } from "./timer.js";
import { brush } from "./tools/brush.js";
import { pan } from "./tools/navigate.js";
import { createViewer, load, setWindow, showSlice } from "./viewer.js";
import { readVolume } from "./volume.js";

/** Loads a scan and a layer of it. `stage` holds {picture, overlay}: the two canvases. */
export async function openSession(me, id, layerName, stage) {
  const scan = await getJson(`/api/scans/${id}`);
  const [volume, layer] = await Promise.all([
    getBytes(`/api/scans/${id}/volume.nii.gz`).then(readVolume),
    fetchLayer(id, layerName, scan.shape[1] * scan.shape[2]),
  ]);
  const colours = [null];
  for (const one of me.subtypes) colours[one.label] = one.colour;
  const session = {
    me, scan, layer, colours,
    palette: paletteOf(colours),
    canvas: stage.overlay,
    tool: pan,
    label: null,
    brush: 12,
    brushing: { thresholded: false, lowest: 50, highest: 100, ball: false },
    growing: { lowest: 50, highest: 100, radius: 30, margin: 1.5, smoothing: 2 },
    references: [],
    showDifferences: true,
    shown: true,
    lineScale: parseFloat(getComputedStyle(document.documentElement).fontSize) / 14,
    rulers: new Map(),
    done: [],
    undone: [],
    before: null,
    typing: null,
    painted: null,
    pointer: null,
    working: false,
    busy: null,
    newLooks: new Set(),
    closed: false,
    readOnly: !layer.writable,
    listeners: [],
  };
  session.label = keptLabel(session);
  session.emit = (kind) => session.listeners.forEach((listener) => listener(kind));
  session.goTo = (slice) => {
    if (session.working) return;
    showSlice(session.viewer, slice);
    session.emit("slice");
  };
  session.saver = createSaver(id, layer, {
    status: () => session.emit("status"),
    labels: () => session.emit("labels"),
    conflict: (key, body) => session.conflict(key, body),
    seconds: takeSeconds,
    person: () => scan.person,
  });
  session.viewer = await createViewer(stage.picture, () => paint(session));
  await load(session.viewer, volume, scan.pixel_mm);
  const { level, width } = keptWindow(session) ?? me.windows[0];
  setWindow(session.viewer, level, width);
  return session;
}

/** Chooses a tool; one that was at work gives up, but for a polygon: it waits, since one may want to look around. */
export function chooseTool(session, tool) {
  if (session.working) return;
  if (!session.tool.waits) session.tool.cancel?.(session);
  session.tool = tool;
  session.canvas.style.cursor = tool.cursor;
  tool.chosen?.(session);
  session.emit("tool");
  paint(session);
}

export function chooseBrush(session, diameter) {
  session.brush = Math.min(400, Math.max(1, Math.round(diameter)));
  brush.at = session.pointer;
  session.emit("tool");
  paint(session);
}

/** Says on the server that the reading, as it is shown here, is done with what was `confirmed`; or that it is open again. */
export function postState(session, state, confirmed = undefined) {
  const { layer, scan } = session;
  return postJson(`/api/scans/${scan.id}/state`, { state, layer: layer.name, base: revisionsOf(layer), confirmed });
}

/** Shows the state that the server has. */
export function setState(session, state) {
  session.layer.state = state;
  session.readOnly = state === "done";
  session.emit("status");
  session.emit("labels");
}
