// One slice at a time: window, outlines, zoom, pan, crosshair, rulers.

import { el } from "./dom.js";
import { sizedCanvas } from "./canvas.js";
import { byLabel, grays, outlines, paint, rgb, strokeOutlines } from "./paint.js";
import { listenToMouse } from "./mouse.js";
import { drawRulers } from "./rulers.js";

const MOST_ZOOM = 20;

/** The view of slices. `extras(context, toScreen)` draws more over them. Returns {place, zoomBy, pixelsPerColumn, close}. */
export function makeAxial(volume, result, state, { name = "Axial", extras = () => {} } = {}) {
  const colours = result.colours.reduce((all, one) => ({ ...all, [one.label]: rgb(one.colour) }), {});
  const picture = new OffscreenCanvas(volume.columns, volume.rows);
  const image = new ImageData(volume.columns, volume.rows);
  const huds = Object.fromEntries(["top-left", "top-right", "bottom-left", "bottom-right", "left", "right"].map((corner) =>
    [corner, el("div", { className: `hud ${corner}`, data: { hud: corner } })]));
  huds.left.textContent = "R";
  huds.right.textContent = "L";
  const lines = byLabel(result.colours);
  let paths = { k: -1 };
  let mouse = null;

  const scale = (width, height) =>
    Math.min(width / (volume.columns * volume.columnMm), height / (volume.rows * volume.rowMm)) * state.zoom;
  const sized = sizedCanvas({ tabIndex: 0, role: "img", "aria-label": `${name} view` }, (context, width, height) => {
    const perMm = scale(width, height);
    const [x, y] = [perMm * volume.columnMm, perMm * volume.rowMm];
    const [left, top] = [width / 2 + state.panX - (volume.columns * x) / 2, height / 2 + state.panY - (volume.rows * y) / 2];
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, left, top, volume.columns * x, volume.rows * y);
    if (state.outlines && volume.labels) {
      if (paths.k !== state.k) paths = { k: state.k, of: outlines(volume.slice(volume.labels, state.k), volume.rows, volume.columns) };
      strokeOutlines(context, paths.of, lines, { left, top, x, y, thick: Math.max(1, Math.min(width, height) / 800) });
    }
    const toScreen = (i, j) => [left + (j + 0.5) * x, top + (i + 0.5) * y];
    if (state.cross) drawCross(context, toScreen(state.cross.i, state.cross.j), width, height);
    drawRulers(context, state.rulers.filter((one) => one.k === state.k), toScreen, volume);
    extras(context, toScreen);
  }, el);
  const { canvas } = sized;

  function show() {
    const k = state.k;
    paint(image, volume.slice(volume.hu, k), {
      table: grays(state.level, state.width),
      labels: state.outlines && volume.labels && volume.slice(volume.labels, k),
      colours,
      fill: state.fill,
      probability: state.probability && volume.probability && volume.slice(volume.probability, k),
    });
    picture.getContext("2d").putImageData(image, 0, 0);
    huds["top-left"].textContent = `${name} ${k + 1} of ${volume.n}`;
    huds["top-right"].textContent = `L ${Math.round(state.level)}  W ${Math.round(state.width)}`;
    say(hovered());
    sized.redraw();
  }

  function say(voxel) {
    huds["bottom-left"].textContent = voxel ? `${volume.hu[voxel.k * volume.perSlice + voxel.i * volume.columns + voxel.j]} HU` : "";
    const mm = volume.known ? `${Math.abs(volume.heights[state.k]).toFixed(1)} mm above the lowest slice` : "Spacing unknown: not to scale";
    huds["bottom-right"].textContent = mm;
  }

  /** The pixel under a place on the screen; fractions are relative to the pixel's center. */
  function pixel(clientX, clientY) {
    const box = canvas.getBoundingClientRect();
    const perMm = scale(box.width, box.height);
    const j = (clientX - box.left - box.width / 2 - state.panX) / (perMm * volume.columnMm) + volume.columns / 2 - 0.5;
    const i = (clientY - box.top - box.height / 2 - state.panY) / (perMm * volume.rowMm) + volume.rows / 2 - 0.5;
    return { k: state.k, i, j };
  }

  const inside = ({ i, j }) => i > -0.5 && j > -0.5 && i < volume.rows - 0.5 && j < volume.columns - 0.5;
  const whole = ({ k, i, j }) => ({ k, i: Math.round(i), j: Math.round(j) });
  /** The pixel under the mouse, or else under the crosshair. */
  function hovered() {
    const at = mouse && pixel(...mouse);
    return at && inside(at) ? whole(at) : state.cross?.k === state.k ? state.cross : null;
  }
  const zoomBy = (factor) => {
    const zoom = Math.min(MOST_ZOOM, Math.max(1, state.zoom * factor));
    const share = zoom / state.zoom;
    state.set(zoom === 1 ? { zoom, panX: 0, panY: 0 } : { zoom, panX: state.panX * share, panY: state.panY * share });
  };
  listenToMouse(canvas, state, volume, {
    pixel,
    zoomBy,
    hover(place) {
      mouse = place;
      say(hovered());
    },
    click: (at) => inside(at) && state.set({ cross: whole(at) }),
  });
  state.on(show);
  show();
  const place = el("div", { className: "view axial" }, canvas, Object.values(huds));
  const pixelsPerColumn = () => scale(canvas.clientWidth, canvas.clientHeight) * volume.columnMm;
  return { place, zoomBy, pixelsPerColumn, close: sized.close };
}

function drawCross(context, [x, y], width, height) {
  context.strokeStyle = "#5fb8ccb0";
  context.lineWidth = 1;
  context.beginPath();
  for (const points of [[x, 0, x, y - 12], [x, y + 12, x, height], [0, y, x - 12, y], [x + 12, y, width, y]]) {
    context.moveTo(points[0], points[1]);
    context.lineTo(points[2], points[3]);
  }
  context.stroke();
}
