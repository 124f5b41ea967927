// Brush and eraser of any size: on the slice shown, or as a ball across neighboring slices; the brush on all voxels, or
// only on those in an HU range.

import { begin, commit, giveUp, progress } from "../edit.js";
import { mapOf } from "../layer.js";
import { strokeTo } from "../raster.js";
import { askLabel } from "../subtype.js";
import { ballOf } from "./ball.js";

const brushOf = (id, labelOf) => ({
  id,
  cursor: "none",
  at: null,
  discs: null,
  down(session, point) {
    if (labelOf(session) === null) return;
    const { slice } = session.viewer;
    const discs = session.brushing.ball ? ballOf(session) : new Map([[slice, session.brush]]);
    begin(session, [...discs.keys()].filter((k) => k !== slice));
    this.discs = discs;
    this.at = point;
    this.move(session, point);
  },
  move(session, point) {
    if (!this.discs) return;
    const { rows, columns } = session.viewer.volume;
    for (const [k, diameter] of this.discs) {
      strokeTo(mapOf(session.layer, k), rows, columns, this.at, point, diameter, labelOf(session), mayPaint(session, k, id));
    }
    this.at = point;
    progress(session);
  },
  // Asks on release, because a dialog would interrupt the stroke.
  up(session) {
    if (labelOf(session) === null) askLabel(session);
    if (!this.discs) return;
    this.discs = null;
    commit(session);
  },
  cancel(session) {
    if (this.discs) giveUp(session);
    this.discs = null;
  },
  hover(session, point) {
    this.at = point;
  },
  paint(session, { context, scale, pixels }) {
    if (!this.at) return;
    pixels();
    context.lineWidth = 1.4 / scale;
    context.strokeStyle = session.colours[labelOf(session)] ?? "#fff";
    context.beginPath();
    context.arc(this.at[0], this.at[1], session.brush / 2, 0, 2 * Math.PI);
    context.stroke();
  },
});

function mayPaint(session, k, id) {
  const { thresholded, lowest, highest } = session.brushing;
  if (id !== "brush" || !thresholded) return undefined;
  const { arrived, hu, rows, columns } = session.viewer.volume;
  const from = k * rows * columns;
  if (!arrived.has(k)) return () => false; // its HU are not known yet
  return (at) => hu[from + at] >= lowest && hu[from + at] <= highest;
}

export const brush = brushOf("brush", (session) => session.label);
export const eraser = brushOf("eraser", () => 0);
