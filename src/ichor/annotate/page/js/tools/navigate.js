// Tools that do not change regions: moving the picture, level and width, the ruler.

import { addRuler } from "../rulers.js";
import { panBy, setWindow } from "../viewer.js";

export const pan = {
  id: "pan",
  cursor: "grab",
  drag(session, dx, dy) {
    panBy(session.viewer, dx, dy);
  },
};

export const gray = {
  id: "window",
  cursor: "ns-resize",
  drag(session, dx, dy) {
    const { viewer } = session;
    const step = Math.max(0.5, viewer.width / 250);
    setWindow(viewer, viewer.level - dy * step, viewer.width + dx * step);
    session.emit("window");
  },
};

export const ruler = {
  id: "ruler",
  cursor: "crosshair",
  line: null,
  down(session, point) {
    this.line = { from: point, to: point };
  },
  move(session, point) {
    if (this.line) this.line.to = point;
  },
  up(session) {
    const { line } = this;
    this.line = null;
    if (line && Math.hypot(line.to[0] - line.from[0], line.to[1] - line.from[1]) >= 1) addRuler(session, session.viewer.slice, line);
  },
  cancel() {
    this.line = null;
  },
};
