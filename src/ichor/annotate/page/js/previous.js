// The previous scan of the subject next to this one, in the same window and at the same height in the head; it is read-only.

import { getJson } from "./api.js";
import { el, fill } from "./dom.js";
import { loadSlices } from "./loading.js";
import { createViewer, load, showArrived, showSlice } from "./viewer.js";
import { emptyVolume } from "./volume.js";

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
  session.previous = { viewer, offset: 0, loader: null };
  const open = async (id) => {
    fill(readout, "Loading …");
    const scan = await getJson(`/api/scans/${id}`);
    const volume = emptyVolume(scan.shape);
    const start = matching(session, volume);
    const loader = loadSlices(id, volume, () => (viewer.volume === volume ? viewer.slice : start), (slices) =>
      viewer.volume === volume && showArrived(viewer, slices));
    session.previous.loader?.close();
    Object.assign(session.previous, { loader, offset: 0 });
    await loader.first;
    await load(viewer, volume, scan.pixel_mm, start);
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
  session.previous?.loader?.close();
  session.previous?.viewer.close();
  session.previous = null;
  pane.hidden = true;
  pane.onwheel = null;
  fill(pane);
  session.emit("status");
}

// The slice of the other scan at the same fraction of the way from the lowest slice to the highest.
function matching(session, { n }) {
  const here = session.viewer;
  const part = here.volume.n > 1 ? here.slice / (here.volume.n - 1) : 0;
  return Math.round(part * (n - 1));
}

// That slice, plus the reader's offset by the wheel.
function follow(session, readout) {
  if (!session.previous?.viewer.volume) return;
  const { viewer, offset } = session.previous;
  const here = session.viewer;
  Object.assign(viewer, { level: here.level, width: here.width });
  showSlice(viewer, matching(session, viewer.volume) + offset);
  fill(readout, `Slice ${viewer.slice + 1} of ${viewer.volume.n}`);
}
