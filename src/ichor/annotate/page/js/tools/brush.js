// Brush and eraser of any size.

import { begin, commit, giveUp, progress } from "../edit.js";
import { strokeTo } from "../raster.js";
import { askLabel } from "../subtype.js";

const brushOf = (id, labelOf) => ({
  id,
  cursor: "none",
  at: null,
  drawing: false,
  down(session, point) {
    if (labelOf(session) === null) return;
    this.drawing = true;
    this.map = begin(session);
    this.at = point;
    this.move(session, point);
  },
  move(session, point) {
    if (!this.drawing) return;
    const { rows, columns } = session.viewer.volume;
    strokeTo(this.map, rows, columns, this.at, point, session.brush, labelOf(session));
    this.at = point;
    progress(session);
  },
  // Asks on release, since a dialog would interrupt the stroke.
  up(session) {
    if (labelOf(session) === null) askLabel(session);
    if (!this.drawing) return;
    this.drawing = false;
    commit(session);
  },
  cancel(session) {
    if (this.drawing) giveUp(session);
    this.drawing = false;
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

export const brush = brushOf("brush", (session) => session.label);
export const eraser = brushOf("eraser", () => 0);
