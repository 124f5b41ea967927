// What every shortcut does in the reading view, by its id in the table of keys.

import { acceptOutline, rejectOutline } from "./ai_outline.js";
import { clearSlice, copyFrom, fillSlice, interpolate, smoothSlice } from "./commands.js";
import { toggle } from "./diagnosis.js";
import { finish } from "./done.js";
import { redo, undo } from "./edit.js";
import { openHistory } from "./history.js";
import { drawnSlices } from "./layer.js";
import { askMachine } from "./machine.js";
import { paint } from "./overlay.js";
import { togglePlanes } from "./planes_beside.js";
import { togglePrevious } from "./previous.js";
import { chooseBrush, chooseTool } from "./session.js";
import { chooseLabel } from "./subtype.js";
import { brush, eraser } from "./tools/brush.js";
import { cross } from "./tools/cross.js";
import { assign, grow } from "./tools/grow.js";
import { gray, pan, ruler } from "./tools/navigate.js";
import { outline, polygon } from "./tools/outline.js";
import { fit, zoomBy } from "./viewer.js";

export function actionsOf(session) {
  const drawing = (action) => () => {
    if (!session.readOnly && !session.busy && !session.working) action();
  };
  return {
    ...slices(session),
    ...view(session),
    ...tools(session, drawing),
    "fill": drawing(() => fillSlice(session)),
    "smooth": drawing(() => smoothSlice(session)),
    "interpolate": drawing(() => interpolate(session)),
    "copy.below": drawing(() => copyFrom(session, -1)),
    "copy.above": drawing(() => copyFrom(session, 1)),
    "clear": drawing(() => clearSlice(session)),
    "undo": drawing(() => undo(session)),
    "redo": drawing(() => redo(session)),
    ...labels(session),
    "machine": drawing(() => session.layer.name !== "consensus" && askMachine(session)),
    "ai.accept": drawing(() => acceptOutline(session)),
    "ai.reject": drawing(() => rejectOutline(session)),
    "history": () => openHistory(session),
    "done": () => finish(session),
    "worklist": () => (location.hash = "#/"),
  };
}

function slices(session) {
  const by = (step) => () => session.goTo(session.viewer.slice + step);
  const drawn = (find) => () => {
    const k = find(drawnSlices(session.layer));
    if (k === undefined) session.say("No further slice has a region.");
    else session.goTo(k);
  };
  return {
    "slice.up": by(1),
    "slice.down": by(-1),
    "slice.up5": by(5),
    "slice.down5": by(-5),
    "slice.top": () => session.goTo(session.viewer.volume.n - 1),
    "slice.bottom": () => session.goTo(0),
    "slice.nextDrawn": drawn((all) => all.find((k) => k > session.viewer.slice)),
    "slice.previousDrawn": drawn((all) => all.filter((k) => k < session.viewer.slice).at(-1)),
  };
}

function view(session) {
  const { viewer } = session;
  const middle = () => [viewer.canvas.clientWidth / 2, viewer.canvas.clientHeight / 2];
  const then = (act) => () => {
    act();
    session.emit("view");
  };
  const windows = session.me.windows.map(({ key, level, width }) => [`window.${key}`, () => session.setWindow({ level, width })]);
  return {
    ...Object.fromEntries(windows),
    "zoom.in": then(() => zoomBy(viewer, 1.25, ...middle())),
    "zoom.out": then(() => zoomBy(viewer, 0.8, ...middle())),
    "zoom.fit": then(() => fit(viewer)),
    "outlines": () => {
      session.shown = !session.shown;
      session.emit("tool");
    },
    "planes": () => togglePlanes(session),
    "compare": () => togglePrevious(session, session.pane).catch((error) => session.say(error.message)),
  };
}

function tools(session, drawing) {
  const free = [pan, gray, ruler, cross].map((tool) => [`tool.${tool.id}`, () => chooseTool(session, tool)]);
  const writing = [outline, polygon, brush, eraser, grow, assign].map((tool) =>
    [`tool.${tool.id}`, drawing(() => chooseTool(session, tool))]);
  const subtypes = session.me.subtypes.map(({ label }) => [`subtype.${label}`, () => chooseLabel(session, label)]);
  const onPolygon = (act) => drawing(() => {
    if (session.tool === polygon) act();
    paint(session);
  });
  return {
    ...Object.fromEntries([...free, ...writing, ...subtypes]),
    "size.down": () => chooseBrush(session, session.brush - Math.max(1, session.brush * 0.15)),
    "size.up": () => chooseBrush(session, session.brush + Math.max(1, session.brush * 0.15)),
    "polygon.close": onPolygon(() => polygon.finish(session)),
    "polygon.back": onPolygon(() => polygon.back(session)),
    "cancel": () => {
      session.tool.cancel?.(session);
      session.rulers.delete(session.viewer.slice);
      paint(session);
    },
  };
}

function labels(session) {
  const names = ["IVH", "IPH", "SAH", "EDH", "SDH", "fracture", "none"];
  return {
    ...Object.fromEntries(names.map((name) => [`label.${name}`, () => toggle(session, "slice", name)])),
    "note": () => document.getElementById("note-slice").focus(),
  };
}
