// The text over the picture: slice, window, HU under the cursor, the patient's sides.

import { el, fill } from "./dom.js";
import { huAt, zoomOf } from "./viewer.js";

export function hud(session) {
  const slice = el("div", { className: "hud top-left", data: { hud: "slice" } });
  const gray = el("div", { className: "hud top-right", data: { hud: "window" } });
  const under = el("div", { className: "hud bottom-left", data: { hud: "cursor" } });
  const zoom = el("div", { className: "hud bottom-right", data: { hud: "zoom" } });
  const busy = el("div", { className: "hud busy", role: "status", hidden: true });
  const update = (kind) => {
    const { viewer } = session;
    if (kind === "busy") {
      busy.hidden = !session.busy;
      fill(busy, session.busy ?? "");
    }
    if (kind === "slice") {
      fill(slice, el("b", {}, String(viewer.slice + 1)), ` / ${viewer.volume.n}`);
    }
    if (kind === "window") fill(gray, `L ${viewer.level}  W ${viewer.width} HU`);
    if (kind === "pointer" || kind === "slice") fill(under, cursor(session));
    const words = `${Math.round(zoomOf(viewer) * 100)} %`;
    if (zoom.textContent !== words) fill(zoom, words);
  };
  session.listeners.push(update);
  for (const kind of ["slice", "window"]) update(kind);
  return [
    slice, gray, under, zoom, busy,
    el("div", { className: "hud left-mark", title: "The patient's right" }, "R"),
    el("div", { className: "hud right-mark", title: "The patient's left" }, "L"),
  ];
}

function cursor(session) {
  if (!session.pointer) return "";
  const [x, y] = session.pointer;
  const hu = huAt(session.viewer.volume, session.viewer.slice, x, y);
  if (hu === null) return "";
  const clipped = session.scan.gray_window ? " (from gray values)" : "";
  return `${hu} HU${clipped}   column ${Math.floor(x) + 1}, row ${Math.floor(y) + 1}`;
}
