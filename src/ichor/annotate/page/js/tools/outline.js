// Freehand outline and polygon: closed shapes in the chosen subtype. Alt removes the area instead.

import { dropBegun, findBegun, keepBegun } from "../begun.js";
import { begin, commit } from "../edit.js";
import { fillOutline } from "../raster.js";
import { chooseTool } from "../session.js";
import { askLabel } from "../subtype.js";

// A closed shape gets the subtype with which it was started. If none was chosen, the reader is asked; without an answer the
// shape stays open.
async function close(session, { k, points, erase, label }) {
  if (points.length < 3) return dropBegun(session);
  const drawn = erase ? 0 : (label ?? (await askLabel(session)));
  if (session.closed) return undefined;
  if (drawn === null) return polygon.takeUp(session, { k, points, erase, label });
  dropBegun(session);
  if (session.viewer.slice !== k) session.goTo(k);
  const { rows, columns } = session.viewer.volume;
  fillOutline(begin(session), rows, columns, points, drawn);
  return commit(session);
}

const colourOf = (session, label) => session.colours[label] ?? "#fff";

function paintLine({ context, scale, pixels }, colour, points, dashedBack) {
  if (!points?.length) return;
  pixels();
  context.lineWidth = 1.8 / scale;
  context.lineJoin = "round";
  context.strokeStyle = colour;
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
  if (!dashedBack) return;
  context.setLineDash([3 / scale, 4 / scale]);
  context.beginPath();
  context.moveTo(...points.at(-1));
  context.lineTo(...points[0]);
  context.stroke();
  context.setLineDash([]);
}

export const outline = {
  id: "outline",
  cursor: "crosshair",
  points: null,
  down(session, point, event) {
    Object.assign(this, { k: session.viewer.slice, points: [point], erase: event.altKey, label: session.label });
  },
  move(session, point) {
    const last = this.points?.at(-1);
    if (!last || Math.hypot(point[0] - last[0], point[1] - last[1]) <= 0.2) return;
    this.points.push(point);
    keepBegun(session, this, false);
  },
  up(session) {
    const { k, points, erase, label } = this;
    this.points = null;
    if (points) close(session, { k, points, erase, label });
  },
  relabel(session, label) {
    this.label = label;
  },
  cancel(session) {
    if (this.points) dropBegun(session);
    this.points = null;
  },
  paint(session, place) {
    paintLine(place, colourOf(session, this.label), this.points, true);
  },
};

export const polygon = {
  id: "polygon",
  cursor: "crosshair",
  corners: [],
  near: null,
  down(session, point, event) {
    if (this.k !== session.viewer.slice) this.corners = [];
    if (!this.corners.length) this.label = session.label;
    this.k = session.viewer.slice;
    this.erase = event.altKey;
    this.corners.push(point);
    this.keep(session);
  },
  doubled(session) {
    this.finish(session);
  },
  hover(session, point) {
    this.near = point;
  },
  finish(session) {
    const { k, corners: points, erase, label } = this;
    this.corners = [];
    if (!points.length) return;
    session.goTo(k);
    close(session, { k, points, erase, label });
  },
  back(session) {
    if (this.corners.length) session.goTo(this.k);
    this.corners.pop();
    this.keep(session);
  },
  /** A subtype that is chosen on another slice does not affect the shape. */
  relabel(session, label) {
    if (!this.corners.length || this.k !== session.viewer.slice) return;
    this.label = label;
    this.keep(session);
  },
  cancel(session) {
    if (this.corners.length) dropBegun(session);
    this.corners = [];
  },
  keep(session) {
    keepBegun(session, { k: this.k, points: this.corners, erase: this.erase, label: this.label });
  },
  /** Continues with a shape that was not closed. */
  takeUp(session, { k, points, erase, label }) {
    Object.assign(this, { k, corners: points, erase, label });
    chooseTool(session, this);
    session.goTo(k);
    session.say("This shape is still open: Enter closes it, Esc discards it.");
  },
  /** Restores an unfinished outline or polygon after a reload; returns whether there was one for this scan. */
  resume(session) {
    const kept = findBegun(session);
    Object.assign(this, kept ? { corners: kept.points, k: kept.k, erase: kept.erase, label: kept.label } : { corners: [] });
    return kept !== null;
  },
  paint(session, place) {
    if (this.k !== session.viewer.slice || !this.corners.length) return;
    const next = session.tool === this && this.near;
    const colour = colourOf(session, this.label);
    paintLine(place, colour, next ? [...this.corners, next] : this.corners, true);
    const { context, scale } = place;
    context.fillStyle = colour;
    for (const [x, y] of this.corners) context.fillRect(x - 3 / scale, y - 3 / scale, 6 / scale, 6 / scale);
  },
};
