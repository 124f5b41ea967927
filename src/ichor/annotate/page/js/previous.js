// The previous scan of the subject beside this one: same window, same height in the head, no drawing.

import { getBytes, getJson } from "./api.js";
import { el, fill } from "./dom.js";
import { createViewer, load, showSlice } from "./viewer.js";
import { readVolume } from "./volume.js";

/** Opens or closes the pane at the side. */
export async function togglePrevious(session, pane) {
  if (session.previous) return closePrevious(session, pane);
  const { previous } = session.scan;
  if (!previous.length) return session.say("This subject has no earlier scan in the project.");
  pane.hidden = false;
  const canvas = el("canvas", { className: "picture" });
  const choose = el("select", { "aria-label": "Scan of the same subject" },
    previous.map((one) => el("option", { value: one.id }, `${one.name}, added ${String(one.added_at).slice(0, 10)}`)));
  const readout = el("div", { className: "hud bottom-left" });
  fill(pane, canvas, el("div", { className: "hud top-left" }, choose), el("div", { className: "hud left-mark" }, "R"),
    el("div", { className: "hud right-mark" }, "L"), readout);
  const viewer = await createViewer(canvas, () => {});
  session.previous = { viewer, offset: 0 };
  const open = async (id) => {
    fill(readout, "Loading …");
    const scan = await getJson(`/api/scans/${id}`);
    await load(viewer, await readVolume(await getBytes(`/api/scans/${id}/volume.nii.gz`)), scan.pixel_mm);
    session.previous.offset = 0;
    follow(session, readout);
  };
  choose.addEventListener("change", () => open(choose.value));
  pane.onwheel = (event) => {
    event.preventDefault();
    session.previous.offset -= Math.sign(event.deltaY);
    follow(session, readout);
  };
  session.listeners.push((kind) => (kind === "slice" || kind === "window") && follow(session, readout));
  await open(previous[0].id);
  return session.emit("status");
}

export function closePrevious(session, pane) {
  session.previous?.viewer.close();
  session.previous = null;
  pane.hidden = true;
  pane.onwheel = null;
  fill(pane);
  session.emit("status");
}

// The same part of the way from the lowest slice to the highest, plus what the reader's wheel added.
function follow(session, readout) {
  if (!session.previous?.viewer.volume) return;
  const { viewer, offset } = session.previous;
  const here = session.viewer;
  const part = here.volume.n > 1 ? here.slice / (here.volume.n - 1) : 0;
  Object.assign(viewer, { level: here.level, width: here.width });
  showSlice(viewer, Math.round(part * (viewer.volume.n - 1)) + offset);
  fill(readout, `Slice ${viewer.slice + 1} of ${viewer.volume.n}`);
}
