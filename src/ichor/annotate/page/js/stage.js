// The pointer and the wheel on the picture.

import { gray, pan } from "./tools/navigate.js";
import { paint } from "./overlay.js";
import { pixelAt, zoomBy } from "./viewer.js";

const WHEEL_STEP = 50; // a notch is 100 or 120; a touch pad sends many small steps

/** Passes pointer and wheel events on the overlay canvas to the session's tool. Returns a function that stops this. */
export function attachStage(session) {
  const { canvas } = session;
  const stop = new AbortController();
  const on = (kind, listener, target = canvas) =>
    target.addEventListener(kind, listener, { signal: stop.signal, passive: false });
  const state = { tool: null, last: [0, 0], space: false, wheel: 0 };
  on("pointerdown", (event) => pressed(session, state, event));
  on("pointermove", (event) => moved(session, state, event));
  on("pointerup", () => released(session, state));
  on("pointercancel", () => released(session, state));
  on("lostpointercapture", () => released(session, state));
  on("dblclick", (event) => event.button === 0 && session.tool.doubled?.(session));
  on("pointerleave", () => left(session));
  on("wheel", (event) => wheeled(session, state, event));
  on("contextmenu", (event) => event.preventDefault());
  on("auxclick", (event) => event.preventDefault());
  on("keydown", (event) => {
    if (event.key === " " && event.target === document.body) {
      state.space = true;
      event.preventDefault();
    }
  }, document);
  on("keyup", (event) => {
    if (event.key === " ") state.space = false;
  }, document);
  return () => stop.abort();
}

const placeOf = (canvas, event) => {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};

function pressed(session, state, event) {
  if (session.busy || state.tool) return;
  event.preventDefault();
  document.activeElement?.blur?.();
  session.canvas.setPointerCapture(event.pointerId);
  state.last = placeOf(session.canvas, event);
  state.tool = event.button === 2 ? gray : event.button === 1 || state.space ? pan : session.tool;
  const { volume, slice } = session.viewer;
  const missing = !volume.arrived.has(slice);
  if ((session.readOnly || missing) && !["pan", "window", "ruler", "cross"].includes(state.tool.id)) {
    if (missing) session.say("This slice is still loading.");
    state.tool = pan;
  }
  session.working = true;
  state.tool.down?.(session, pixelAt(session.viewer, ...state.last), event);
  paint(session);
}

function moved(session, state, event) {
  const points = event.getCoalescedEvents?.() ?? [];
  for (const one of points.length ? points : [event]) {
    const place = placeOf(session.canvas, one);
    const point = pixelAt(session.viewer, ...place);
    state.tool?.drag?.(session, place[0] - state.last[0], place[1] - state.last[1]);
    state.tool?.move?.(session, point);
    session.tool.hover?.(session, point);
    state.last = place;
    session.pointer = point;
  }
  paint(session);
  session.emit("pointer");
}

function released(session, state) {
  const tool = state.tool;
  state.tool = null;
  session.working = false;
  tool?.up?.(session);
  paint(session);
}

function left(session) {
  session.pointer = null;
  session.tool.hover?.(session, null);
  paint(session);
  session.emit("pointer");
}

function wheeled(session, state, event) {
  event.preventDefault();
  if (event.ctrlKey) {
    zoomBy(session.viewer, Math.exp(-event.deltaY / 300), ...placeOf(session.canvas, event));
    session.emit("view");
    return;
  }
  const delta = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 33 : event.deltaY;
  state.wheel += delta;
  const steps = Math.trunc(state.wheel / WHEEL_STEP);
  if (!steps) return;
  state.wheel = 0;
  const by = Math.abs(delta) >= 99 ? Math.sign(steps) : steps;
  session.goTo(session.viewer.slice - by);
}
