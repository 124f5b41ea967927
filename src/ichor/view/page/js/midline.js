// Midline shift: the estimate, and a person's own value, typed or by dragging the line on the slice. Both are distances
// from the plane of symmetry of the skull, in the slice and at a right angle to the plane's line on it.

import { el, fill } from "./dom.js";
import { source } from "./source.js";
import { makeTrace } from "./trace.js";
import { when } from "./words.js";

const NEAR_PX = 8;
const side = (mm) => (mm > 0 ? " to the left" : mm < 0 ? " to the right" : "");
const words = (mm) => `${Math.abs(mm).toFixed(1)} mm${side(mm)}`;

/** The content next to "Midline shift". */
export function makeMidline(found, { result, state, volume, axial, decide }) {
  const estimate = found.midline_shift;
  const stored = () => decide.decisions().midline_shift;
  const input = el("input", { type: "number", step: 0.5, min: -50, max: 50, id: "midline", "aria-label": "Midline shift in mm, positive to the patient's left" });
  const line = el("button", { type: "button", title: "Show the line on its slice; drag it" }, "Line");
  const store = el("button", { type: "button" }, "Store");
  const withdraw = el("button", { type: "button" }, "Use estimate");
  const said = el("p", { className: "soft" });
  const refersTo = found.midline_plane ? "" : "Without a plane of symmetry, the line refers to the middle of the picture.";
  const estimated = el("span", {}, estimate ? `${words(estimate.mm)}, slice ${estimate.slice + 1} (estimated)` : "not found");
  const shiftAt = (k) => ({ k, mm: Number(input.value) || 0, trace: makeTrace(found.midline_plane, k, volume) });
  const show = () => {
    const one = stored();
    input.value = one ? one.mm : estimate ? estimate.mm : "";
    withdraw.hidden = !one || !source.me.decides;
    fill(said, one ? `${words(one.mm)} by ${one.who}, ${when(one.when)}` : "");
    if (state.midline) state.set({ midline: shiftAt(state.midline.k) });
  };
  line.addEventListener("click", () => {
    if (state.midline) return state.set({ midline: null });
    const k = estimate ? estimate.slice : state.k;
    return state.set({ k, midline: shiftAt(k) });
  });
  input.addEventListener("input", () => state.midline && state.set({ midline: shiftAt(state.midline.k) }));
  store.addEventListener("click", () => input.value !== "" && input.checkValidity() && decide.store("midline_shift", { mm: Number(input.value) }));
  withdraw.addEventListener("click", () => decide.store("midline_shift", { mm: null }));
  state.on((changed) => {
    if (!("midline" in changed)) return;
    line.setAttribute("aria-pressed", Boolean(changed.midline));
    if (changed.midline && document.activeElement !== input) input.value = Math.round(2 * changed.midline.mm) / 2;
  });
  // Dragging near the line moves it.
  state.grab = ({ k, i, j }) => {
    const one = state.midline;
    if (!one || one.k !== k) return null;
    const pixelsPerMm = axial.pixelsPerColumn() / volume.columnMm;
    if (Math.abs(one.trace.distance(i, j) - one.mm) * pixelsPerMm > NEAR_PX) return null;
    return (to) => state.set({ midline: { ...one, mm: Math.max(-50, Math.min(50, one.trace.distance(to.i, to.j))) } });
  };
  decide.onChange(show);
  show();
  const edit = !source.me.decides ? [line] : [input, "mm", store, line, withdraw];
  return el("div", {}, estimated, el("div", { className: "decide" }, edit), said, refersTo && el("p", { className: "soft" }, refersTo));
}

/** The same before it is measured, of the same size: what stands below must not move while somebody clicks on it. */
export function pendingMidline() {
  const button = (words) => el("button", { type: "button", disabled: true }, words);
  const edit = source.readOnly ? [button("Line")] : [el("input", { type: "number", disabled: true, "aria-label": "Midline shift in mm" }), "mm", button("Store"), button("Line")];
  return el("div", {}, el("span", {}, "measuring"), el("div", { className: "decide" }, edit));
}

/** Draws the lines on their slice: dashed for the plane of symmetry, solid for the midline. */
export function drawMidline(context, toScreen, { k, midline }, volume) {
  if (!midline || midline.k !== k) return;
  for (const [mm, dash] of [[0, [6, 6]], [midline.mm, []]]) {
    context.setLineDash(dash);
    context.strokeStyle = dash.length ? "#ffffffa0" : "#ffe27a";
    context.lineWidth = 1.75;
    context.beginPath();
    context.moveTo(...toScreen(0, midline.trace.column(mm, 0)));
    context.lineTo(...toScreen(volume.rows - 1, midline.trace.column(mm, volume.rows - 1)));
    context.stroke();
  }
  context.setLineDash([]);
}
