// Freehand outline and polygon: closed shapes in the chosen subtype. Alt takes the area away instead.

import { dropBegun, findBegun, keepBegun } from "../begun.js";
import { begin, commit } from "../edit.js";
import { fillOutline } from "../raster.js";

function close(session, points, erase) {
  dropBegun(session);
  if (points.length < 3) return;
  const { rows, columns } = session.viewer.volume;
  fillOutline(begin(session), rows, columns, points, erase ? 0 : session.label);
  commit(session);
}

function paintLine(session, { context, scale, pixels }, points, dashedBack) {
  if (!points?.length) return;
  pixels();
  context.lineWidth = 1.8 / scale;
  context.lineJoin = "round";
  context.strokeStyle = session.colours[session.label];
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
    this.points = [point];
    this.erase = event.altKey;
  },
  move(session, point) {
    const last = this.points?.at(-1);
    if (!last || Math.hypot(point[0] - last[0], point[1] - last[1]) <= 0.2) return;
    this.points.push(point);
    keepBegun(session, { k: session.viewer.slice, points: this.points, erase: this.erase }, false);
  },
  up(session) {
    const points = this.points;
    this.points = null;
    if (points) close(session, points, this.erase);
  },
  cancel(session) {
    if (this.points) dropBegun(session);
    this.points = null;
  },
  paint(session, place) {
    paintLine(session, place, this.points, true);
  },
};

export const polygon = {
  id: "polygon",
  cursor: "crosshair",
  waits: true,
  corners: [],
  near: null,
  down(session, point, event) {
    if (this.k !== session.viewer.slice) this.corners = [];
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
    const corners = this.corners;
    this.cancel(session);
    if (corners.length) session.goTo(this.k);
    close(session, corners, this.erase);
  },
  back(session) {
    if (this.corners.length) session.goTo(this.k);
    this.corners.pop();
    this.keep(session);
  },
  cancel(session) {
    if (this.corners.length) dropBegun(session);
    this.corners = [];
  },
  keep(session) {
    keepBegun(session, { k: this.k, points: this.corners, erase: this.erase });
  },
  /** Takes up what was begun before a reload, an outline too; returns whether there was any for this scan. */
  resume(session) {
    const kept = findBegun(session);
    Object.assign(this, kept ? { corners: kept.points, k: kept.k, erase: kept.erase } : { corners: [] });
    return kept !== null;
  },
  paint(session, place) {
    if (this.k !== session.viewer.slice || !this.corners.length) return;
    const next = session.tool === this && this.near;
    paintLine(session, place, next ? [...this.corners, next] : this.corners, true);
    const { context, scale } = place;
    context.fillStyle = session.colours[session.label];
    for (const [x, y] of this.corners) context.fillRect(x - 3 / scale, y - 3 / scale, 6 / scale, 6 / scale);
  },
};
