// Midline shift: the estimate, and a person's own value, typed or by dragging the line on the slice.

import { el, fill } from "./dom.js";
import { source } from "./source.js";
import { when } from "./words.js";

const NEAR_PX = 8;
const side = (mm) => (mm > 0 ? " to the left" : mm < 0 ? " to the right" : "");
const words = (mm) => `${Math.abs(mm).toFixed(1)} mm${side(mm)}`;

/** What stands beside "Midline shift". */
export function makeMidline(found, { result, state, volume, axial, decide }) {
  const estimate = found.midline_shift;
  const stored = () => decide.decisions().midline_shift;
  const input = el("input", { type: "number", step: 0.5, min: -50, max: 50, id: "midline", "aria-label": "Midline shift in mm, positive to the patient's left" });
  const line = el("button", { type: "button", title: "Show the line on its slice; drag it" }, "Line");
  const store = el("button", { type: "button" }, "Store");
  const withdraw = el("button", { type: "button" }, "Use estimate");
  const said = el("p", { className: "soft" });
  const estimated = el("span", {}, estimate ? `${words(estimate.mm)}, slice ${estimate.slice + 1} (estimated)` : "not found");
  const shiftAt = (k) => ({ k, mm: Number(input.value) || 0, column: found.middle_column[k] ?? volume.columns / 2 });
  const show = () => {
    const one = stored();
    input.value = one ? one.mm : estimate ? estimate.mm : "";
    withdraw.hidden = !one || source.readOnly;
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
  state.grab = ({ k, j }) => {
    const one = state.midline;
    if (!one || one.k !== k) return null;
    const at = one.column - 0.5 + one.mm / volume.columnMm;
    if (Math.abs(j - at) * axial.pixelsPerColumn() > NEAR_PX) return null;
    return (to) => state.set({ midline: { ...one, mm: Math.max(-50, Math.min(50, (to.j + 0.5 - one.column) * volume.columnMm)) } });
  };
  decide.onChange(show);
  show();
  const edit = source.readOnly ? [line] : [input, "mm", store, line, withdraw];
  return el("div", {}, estimated, el("div", { className: "decide" }, edit), said);
}

/** Draws the line on its slice: dashed where the head's middle is, whole where the midline is. */
export function drawMidline(context, toScreen, { k, midline }, volume) {
  if (!midline || midline.k !== k) return;
  for (const [mm, dash] of [[0, [6, 6]], [midline.mm, []]]) {
    const [x, top] = toScreen(0, midline.column - 0.5 + mm / volume.columnMm);
    const [, bottom] = toScreen(volume.rows - 1, 0);
    context.setLineDash(dash);
    context.strokeStyle = dash.length ? "#ffffffa0" : "#ffe27a";
    context.lineWidth = 1.75;
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x, bottom);
    context.stroke();
  }
  context.setLineDash([]);
}
