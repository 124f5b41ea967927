// The column of thumbnails of all slices, with the vertex at the top as in the head.

import { decisionOn } from "./ai_outline.js";
import { el } from "./dom.js";
import { isDrawn } from "./layer.js";
import { grayOf } from "./volume.js";

const SIZE = 72;

/** Fills `column`; pictures are painted when they have arrived and come into view. Returns a function that stops it. */
export function attachThumbnails(session, column) {
  const { n, arrived } = session.viewer.volume;
  const buttons = [];
  const unpainted = new Set();
  const paintArrived = () => {
    for (const k of unpainted) {
      if (!arrived.has(k)) continue;
      unpainted.delete(k);
      paintThumbnail(session, buttons[k].querySelector("canvas"), k);
    }
  };
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      unpainted.add(Number(target.dataset.slice));
    }
    paintArrived();
  }, { root: column, rootMargin: "300px" });
  for (let k = n - 1; k >= 0; k--) {
    const canvas = el("canvas", { width: SIZE, height: SIZE });
    const button = el("button", {
      type: "button",
      className: "thumb",
      tabIndex: -1,
      "aria-label": `Slice ${k + 1}`,
      data: { slice: k },
      onclick: () => session.goTo(k),
    }, canvas, el("span", { className: "number" }, String(k + 1)), el("i", { className: "mark" }));
    buttons[k] = button;
    column.append(button);
    seen.observe(button);
  }
  let current = null;
  const update = (kind) => {
    if (kind === "slice") {
      current?.removeAttribute("aria-current");
      current = buttons[session.viewer.slice];
      current.setAttribute("aria-current", "true");
      reveal(column, current);
    }
    if (kind === "arrived") paintArrived();
    if (kind === "layer") buttons.forEach((button, k) => mark(session, button, k));
    if (kind === "slice" || kind === "labels" || kind === "looked") mark(session, current, session.viewer.slice);
  };
  session.listeners.push(update);
  update("slice");
  update("layer");
  return () => seen.disconnect();
}

// Scrolls only the column, and only if the slice is out of sight: scrollIntoView would lay out the whole page.
function reveal(column, button) {
  const [top, height] = [button.offsetTop, button.offsetHeight];
  if (top < column.scrollTop) column.scrollTop = top - height;
  else if (top + height > column.scrollTop + column.clientHeight) column.scrollTop = top + 2 * height - column.clientHeight;
}

function mark(session, button, k) {
  const { layer, references, differing } = session;
  const drawn = isDrawn(layer, k);
  const labels = layer.labels.get(k);
  const labelled = labels && (labels.subtypes.length || labels.no_hemorrhage || labels.fracture);
  const decision = { open: "machine", mixed: "machine", accepted: "accepted", rejected: drawn ? null : "rejected" }[decisionOn(layer, k)];
  const state = decision ?? (drawn ? "drawn" : labelled ? "labelled" : "");
  button.dataset.state = state;
  button.classList.toggle("differs", references.length > 0 && differing.has(k));
  button.toggleAttribute("data-looked", layer.looked.has(k));
  const words = { machine: ", AI outlines", accepted: ", AI outlines accepted", rejected: ", AI outline rejected", drawn: ", drawn", labelled: ", labelled", "": "" };
  button.setAttribute("aria-label", `Slice ${k + 1}${words[state]}${layer.looked.has(k) ? "" : ", not viewed"}`);
}

/** Paints a slice small, in the brain window, keeping its shape. */
export function paintThumbnail(session, canvas, k) {
  const { hu, rows, columns } = session.viewer.volume;
  const [rowMm, columnMm] = session.scan.pixel_mm ?? [1, 1];
  const { level, width } = session.me.windows[0];
  const perPixel = Math.max(rows * rowMm, columns * columnMm) / SIZE;
  const data = new ImageData(SIZE, SIZE);
  const words = new Uint32Array(data.data.buffer).fill(0xff000000);
  for (let y = 0; y < SIZE; y++) {
    const row = Math.floor(((y + 0.5 - SIZE / 2) * perPixel) / rowMm + rows / 2);
    if (row < 0 || row >= rows) continue;
    for (let x = 0; x < SIZE; x++) {
      const column = Math.floor(((x + 0.5 - SIZE / 2) * perPixel) / columnMm + columns / 2);
      if (column < 0 || column >= columns) continue;
      const gray = grayOf(hu[(k * rows + row) * columns + column], level, width) & 255;
      words[y * SIZE + x] = 0xff000000 | (gray << 16) | (gray << 8) | gray;
    }
  }
  canvas.getContext("2d").putImageData(data, 0, 0);
}
