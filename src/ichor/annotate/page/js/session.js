// Everything that belongs to one open scan: the view, the regions and labels, undo.

import { getJson, postJson } from "./api.js";
import { keptWindow } from "./kept.js";
import { fetchLayer, revisionsOf } from "./layer.js";
import { loadSlices } from "./loading.js";
import { paint, paletteOf } from "./overlay.js";
import { createSaver } from "./saver.js";
import { keptLabel } from "./subtype.js";
import { takeSeconds } from "./timer.js";
import { brush } from "./tools/brush.js";
import { pan } from "./tools/navigate.js";
import { createViewer, load, setWindow, showArrived, showSlice } from "./viewer.js";
import { emptyVolume } from "./volume.js";

/**
 * Opens a scan on a slice (null: the middle one) with a layer of it, as soon as that slice has arrived; the others follow.
 * `stage` holds {picture, overlay}: the two canvases.
 */
export async function openSession(me, id, layerName, stage, slice) {
  const scan = await getJson(`/api/scans/${id}`);
  const volume = emptyVolume(scan.shape);
  const start = Math.min(volume.n - 1, Math.max(0, slice ?? Math.floor(volume.n / 2)));
  let session = null;
  const isShown = () => Boolean(session?.viewer?.volume);
  const loader = loadSlices(id, volume, () => (isShown() ? session.viewer.slice : start), (slices, problem) => {
    if (!isShown()) return;
    session.loadingProblem = problem;
    showArrived(session.viewer, slices);
    session.emit("arrived");
  });
  try {
    const layer = await fetchLayer(id, layerName, scan.shape[1] * scan.shape[2]);
    await loader.first;
    session = sessionOf({ me, id, scan, layer, stage, loader });
    session.viewer = await createViewer(stage.picture, () => paint(session));
    await load(session.viewer, volume, scan.pixel_mm, start);
    const { level, width } = keptWindow(session) ?? me.windows[0];
    setWindow(session.viewer, level, width);
    return session;
  } catch (error) {
    loader.close();
    throw error;
  }
}

function sessionOf({ me, id, scan, layer, stage, loader }) {
  const colours = [null];
  for (const one of me.subtypes) colours[one.label] = one.colour;
  const session = {
    me, scan, layer, colours, loader,
    loadingProblem: null,
    planes: null,
    cross: null,
    palette: paletteOf(colours),
    canvas: stage.overlay,
    tool: pan,
    waiting: null, // the tool whose unfinished shape is kept while another one is in use
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
    looksReported: Promise.resolve(),
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
  return session;
}

/** Chooses a tool. The previous one cancels its shape, except for a polygon, which waits: the reader may want to look around. */
export function chooseTool(session, tool) {
  if (session.working) return;
  if (session.tool !== session.waiting) session.tool.cancel?.(session);
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

/** Sets the state of the reading on the server: done, with the open points that were `confirmed`, or in progress again. */
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
