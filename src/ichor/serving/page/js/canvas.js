// A canvas that follows the size of its container, in device pixels.

/** Calls `draw(context, width, height, ratio)` at once on each change of size; width and height in CSS pixels. */
export function sizedCanvas(properties, draw, el) {
  const canvas = el("canvas", properties);
  const context = canvas.getContext("2d");
  const redraw = () => {
    const { clientWidth, clientHeight } = canvas;
    if (!clientWidth || !clientHeight) return;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, clientWidth, clientHeight);
    draw(context, clientWidth, clientHeight);
  };
  const watch = new ResizeObserver(redraw);
  watch.observe(canvas);
  return { canvas, redraw, close: () => watch.disconnect() };
}
