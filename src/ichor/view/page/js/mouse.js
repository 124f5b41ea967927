// Wheel and drags on the slices.

const WIDEST = 4000;

/** Listens on a canvas. `pixel`, `zoomBy`, `hover`, `click` belong to the view. */
export function listenToMouse(canvas, state, volume, { pixel, zoomBy, hover, click }) {
  let drag = null;
  let turned = 0;
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (event.ctrlKey) return zoomBy(event.deltaY < 0 ? 1.15 : 1 / 1.15);
    // A touchpad sends many small steps, a wheel one of 100 or so.
    turned += event.deltaY * (event.deltaMode ? 40 : 1);
    const steps = Math.trunc(turned / 40);
    if (!steps) return undefined;
    turned = 0;
    return state.set({ k: Math.min(volume.n - 1, Math.max(0, state.k - Math.sign(steps))) });
  }, { passive: false });
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    canvas.focus();
    const tool = event.button === 2 ? "window" : event.button === 1 || event.shiftKey ? "pan" : state.tool;
    drag = { tool, left: event.button === 0, x: event.clientX, y: event.clientY, from: pixel(event.clientX, event.clientY), moved: false,
      level: state.level, width: state.width, panX: state.panX, panY: state.panY, rulers: state.rulers };
    const held = state.grab?.(drag.from);
    if (held) drag.tool = held;
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = pixel(event.clientX, event.clientY);
    hover([event.clientX, event.clientY]);
    if (!drag) return;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.moved && Math.hypot(dx, dy) < 3) return;
    drag.moved = true;
    if (typeof drag.tool === "function") drag.tool(at);
    else if (drag.tool === "window") state.set({ level: drag.level - dy, width: Math.min(WIDEST, Math.max(1, drag.width + 2 * dx)) });
    else if (drag.tool === "pan") state.set({ panX: drag.panX + dx, panY: drag.panY + dy });
    else state.set({ rulers: [...drag.rulers, { k: state.k, from: drag.from, to: at }] });
  });
  const end = (event) => {
    if (drag && !drag.moved && drag.left && event.type === "pointerup") click(pixel(event.clientX, event.clientY));
    drag = null;
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("pointerleave", () => hover(null));
}
