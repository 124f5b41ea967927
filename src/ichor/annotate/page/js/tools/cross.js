// The crosshair: a position in the head that the slice and the coronal and sagittal views all show.

const GAP = 12;

/** Places the crosshair; a drag moves it. */
export const cross = {
  id: "cross",
  cursor: "crosshair",
  down(session, point) {
    if (!session.planes) session.say("Open the coronal and sagittal views first (V).");
    this.move(session, point);
  },
  move(session, [x, y]) {
    if (!session.planes) return;
    const { rows, columns } = session.viewer.volume;
    const within = (value, size) => Math.min(size - 1, Math.max(0, Math.floor(value)));
    session.cross = { k: session.viewer.slice, i: within(y, rows), j: within(x, columns) };
    session.planes.state.set({ cross: session.cross });
  },
};

/** Draws the crosshair over the slice; `at` turns pixel coordinates into CSS pixels. */
export function paintCross(session, context, at) {
  if (!session.planes || !session.cross) return;
  const [x, y] = at([session.cross.j + 0.5, session.cross.i + 0.5]);
  const { clientWidth: width, clientHeight: height } = session.canvas;
  context.strokeStyle = "#5fb8ccb0";
  context.lineWidth = session.lineScale;
  context.beginPath();
  for (const [x0, y0, x1, y1] of [[x, 0, x, y - GAP], [x, y + GAP, x, height], [0, y, x - GAP, y], [x + GAP, y, width, y]]) {
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
  }
  context.stroke();
}
