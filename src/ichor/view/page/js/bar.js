// The probability of each slice along the side, the lowest slice at the bottom; a click goes there.

import { sizedCanvas } from "./canvas.js";
import { el } from "./dom.js";

export function makeBar(result, state) {
  const n = result.slices.length;
  const place = el("div", {
    className: "bar", role: "slider", tabIndex: 0, "aria-label": "Slice; bars show the probability of hemorrhage",
    "aria-orientation": "vertical", "aria-valuemin": 1, "aria-valuemax": n, title: "Probability of hemorrhage on each slice",
  });
  const sized = sizedCanvas({ "aria-hidden": "true" }, (context, width, height) => {
    const each = height / n;
    result.slices.forEach((one, k) => {
      const top = height - (k + 1) * each;
      context.fillStyle = one.flagged ? "#ff8a5c" : "#5f7382";
      context.fillRect(0, top, Math.max(1, one.probability * width), Math.max(1, each - (each > 4 ? 1 : 0)));
    });
    context.strokeStyle = "#fff";
    context.lineWidth = 1.5;
    context.strokeRect(1, height - (state.k + 1) * each, width - 2, Math.max(2, each));
  }, el);
  const go = (event) => {
    const box = place.getBoundingClientRect();
    const k = Math.floor(((box.bottom - event.clientY) / box.height) * n);
    state.set({ k: Math.min(n - 1, Math.max(0, k)) });
  };
  place.addEventListener("pointerdown", (event) => {
    place.setPointerCapture(event.pointerId);
    go(event);
  });
  place.addEventListener("pointermove", (event) => event.buttons && go(event));
  place.append(sized.canvas);
  const show = () => {
    const one = result.slices[state.k];
    place.setAttribute("aria-valuenow", state.k + 1);
    place.setAttribute("aria-valuetext", `Slice ${state.k + 1} of ${n}, probability ${one.probability.toFixed(2)}`);
    sized.redraw();
  };
  state.on((changed) => "k" in changed && show());
  show();
  return { place, close: sized.close };
}
