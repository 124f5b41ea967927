// Freehand outline and polygon: closed shapes in the chosen subtype. Alt takes the area away instead.

import { begin, commit } from "../edit.js";
import { fillOutline } from "../raster.js";

const STORED = "ichor-polygon";

function close(session, points, erase) {
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
    if (last && Math.hypot(point[0] - last[0], point[1] - last[1]) > 0.2) this.points.push(point);
  },
  up(session) {
    const points = this.points;
    this.points = null;
    if (points) close(session, points, this.erase);
  },
  cancel() {
    this.points = null;
  },
  paint(session, place) {
    paintLine(session, place, this.points, true);
  },
};

// The corners so far outlive a reload, since placing them takes longer than the second that may be lost.
export const polygon = {
  id: "polygon",
  cursor: "crosshair",
  corners: [],
  near: null,
  down(session, point, event) {
    if (this.k !== session.viewer.slice) this.corners = [];
    this.k = session.viewer.slice;
    this.erase = event.altKey;
    if (event.detail > 1) return this.finish(session);
    this.corners.push(point);
    this.keep(session);
    return undefined;
  },
  hover(session, point) {
    this.near = point;
  },
  finish(session) {
    const corners = this.corners;
    this.cancel();
    close(session, corners, this.erase);
  },
  back(session) {
    this.corners.pop();
    this.keep(session);
  },
  cancel() {
    this.corners = [];
    sessionStorage.removeItem(STORED);
  },
  keep(session) {
    const kept = { scan: session.scan.id, layer: session.layer.name, k: this.k, corners: this.corners };
    sessionStorage.setItem(STORED, JSON.stringify(kept));
  },
  /** Takes up the corners of before a reload; returns whether there were any for this scan. */
  resume(session) {
    const kept = JSON.parse(sessionStorage.getItem(STORED) ?? "null");
    if (kept?.scan !== session.scan.id || kept.layer !== session.layer.name || !kept.corners.length) return false;
    Object.assign(this, { corners: kept.corners, k: kept.k, erase: false });
    return true;
  },
  paint(session, place) {
    if (this.k !== session.viewer.slice || !this.corners.length) return;
    paintLine(session, place, this.near ? [...this.corners, this.near] : this.corners, true);
    const { context, scale } = place;
    context.fillStyle = session.colours[session.label];
    for (const [x, y] of this.corners) context.fillRect(x - 3 / scale, y - 3 / scale, 6 / scale, 6 / scale);
  },
};
