// Clicks and scribbles that correct a region, or start one: positive ones add to it, negative ones (Alt or Shift, or as set)
// remove. The server computes how far each reaches, from HU and, if known, the model's probability.

import { getJson, postJson } from "../api.js";
import { replaceMaps } from "../edit.js";
import { labelAt } from "../label_at.js";
import { mapOf } from "../layer.js";
import { decode, encode } from "../runs.js";
import { askLabel } from "../subtype.js";

const STEP_PX = 0.7; // between the points of a scribble
const WAIT_MS = 20;
const LOOKS = { true: "#7dff9a", false: "#ff6b6b" };

let queue = Promise.resolve();

export const refine = {
  id: "refine",
  cursor: "crosshair",
  adds: true,
  stroke: null,
  chosen(session) {
    // So that the first click does not wait for what the server has to load.
    getJson(toolPath(session)).catch(() => null);
  },
  down(session, point, event) {
    this.stroke = { k: session.viewer.slice, points: [point], add: this.adds && !event.altKey && !event.shiftKey };
  },
  move(session, point) {
    const last = this.stroke?.points.at(-1);
    if (last && Math.hypot(point[0] - last[0], point[1] - last[1]) > STEP_PX) this.stroke.points.push(point);
  },
  up(session) {
    const { stroke } = this;
    this.stroke = null;
    if (stroke) queue = queue.then(() => correct(session, stroke)).catch((error) => session.say(error.message));
  },
  cancel() {
    this.stroke = null;
  },
  paint(session, { context, scale, pixels }) {
    const { stroke } = this;
    if (!stroke) return;
    pixels();
    context.strokeStyle = context.fillStyle = LOOKS[stroke.add];
    context.lineWidth = 2.5 / scale;
    context.lineCap = "round";
    context.beginPath();
    context.arc(...stroke.points[0], 2 / scale, 0, 2 * Math.PI);
    context.fill();
    context.beginPath();
    stroke.points.forEach((point, i) => (i ? context.lineTo(...point) : context.moveTo(...point)));
    context.stroke();
  },
};

const toolPath = ({ scan }) => `/api/scans/${scan.id}/tools/refine`;

// One at a time, each on the result of the previous one.
async function correct(session, { k, points, add }) {
  if (!add && !points.some((point) => labelAt(session, point, k).label)) return session.say("There is no region here.");
  const label = add ? (session.label ?? (await askLabel(session))) : 1;
  if (label === null || session.closed || session.readOnly) return undefined;
  const { layer } = session;
  let runs = encode(mapOf(layer, k));
  for (;;) {
    const answer = await postJson(toolPath(session), { k, runs, label, add, points: points.slice(0, 2000), layer: layer.name });
    while (session.working || session.busy) await new Promise((resolve) => setTimeout(resolve, WAIT_MS)); // a stroke ends first
    if (session.closed || session.readOnly) return undefined;
    const now = encode(mapOf(layer, k));
    if (String(now) === String(runs)) return take(session, k, decode(answer.runs, layer.size));
    runs = now; // drawn on meanwhile
  }
}

function take(session, k, map) {
  if (!replaceMaps(session, [[k, map]], "calculated")) session.say("Nothing here is like the place that was clicked.");
}
