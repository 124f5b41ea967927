// A click that fills: region growing within HU bounds, and another subtype for a region.

import { begin, commit } from "../edit.js";
import { labelAt } from "../label_at.js";
import { flood } from "../raster.js";
import { huAt } from "../viewer.js";

export const grow = {
  id: "grow",
  cursor: "crosshair",
  down(session, [x, y]) {
    const { volume, slice } = session.viewer;
    const [lowest, highest] = session.bounds;
    const hu = huAt(volume, slice, x, y);
    if (hu === null) return;
    if (hu < lowest || hu > highest) {
      session.say(`${hu} HU lies outside the bounds ${lowest} to ${highest} HU.`);
      return;
    }
    const from = slice * volume.rows * volume.columns;
    const start = Math.floor(y) * volume.columns + Math.floor(x);
    const map = begin(session);
    const inside = (at) =>
      (map[at] === 0 || at === start) && volume.hu[from + at] >= lowest && volume.hu[from + at] <= highest;
    for (const at of flood(volume.rows, volume.columns, [start], inside)) map[at] = session.label;
    commit(session);
  },
};

export const assign = {
  id: "assign",
  cursor: "pointer",
  down(session, point) {
    const { rows, columns } = session.viewer.volume;
    const { start, label } = labelAt(session, point);
    if (!label) {
      session.say("There is no region here to give a subtype to.");
      return;
    }
    const map = begin(session);
    for (const at of flood(rows, columns, [start], (index) => map[index] === label)) map[at] = session.label;
    commit(session);
  },
};
