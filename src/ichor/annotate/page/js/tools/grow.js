// A click that fills: region growing within limits, and another subtype for a region.

import { begin, commit } from "../edit.js";
import { labelAt } from "../label_at.js";
import { copied } from "../origins.js";
import { flood } from "../raster.js";
import { askLabel } from "../subtype.js";
import { huAt } from "../viewer.js";
import { USUAL_PIXEL_MM, grow as grown } from "./growing.js";

// A click that needs a subtype; if none was chosen, the reader is asked on release and the click then takes effect.
const clickOf = (id, cursor, act) => ({
  id,
  cursor,
  place: null,
  down(session, place) {
    this.place = place;
    if (session.label !== null) this.act(session);
  },
  up(session) {
    if (this.place) askLabel(session).then((label) => label !== null && !session.closed && this.act(session));
  },
  act(session) {
    const place = this.place;
    this.place = null;
    if (place) act(session, place);
  },
  cancel() {
    this.place = null;
  },
});

export const grow = clickOf("grow", "crosshair", (session, [x, y]) => {
  const { volume, slice } = session.viewer;
  const { lowest, highest } = session.growing;
  const hu = huAt(volume, slice, x, y);
  if (hu === null) return;
  if (hu < lowest || hu > highest) {
    session.say(`${hu} HU is outside the range ${lowest} to ${highest} HU.`);
    return;
  }
  const start = Math.floor(y) * volume.columns + Math.floor(x);
  const map = begin(session);
  const free = (at) => map[at] === 0 || at === start;
  const pixelMm = session.scan.pixel_mm ?? USUAL_PIXEL_MM;
  for (const at of grown(volume, slice, start, session.growing, pixelMm, free)) map[at] = session.label;
  commit(session, "calculated");
});

export const assign = clickOf("assign", "pointer", (session, point) => {
  const { rows, columns } = session.viewer.volume;
  const { start, label } = labelAt(session, point);
  if (!label) {
    session.say("There is no region here.");
    return;
  }
  const map = begin(session);
  for (const at of flood(rows, columns, [start], (index) => map[index] === label)) map[at] = session.label;
  commit(session, copied([session.layer.slices.get(session.viewer.slice).origins[label]]));
});
