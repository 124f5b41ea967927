// What is drawn over the picture: regions, outlines, the readers' outlines in a consensus, rulers, the tool in use.

import { differencePicture } from "./differences.js";
import { untouched } from "./origins.js";
import { outlines } from "./outline.js";
import { strokeHaloed } from "./paint.js";
import { rulersOf } from "./rulers.js";
import { paintCross } from "./tools/cross.js";
import { transform } from "./viewer.js";

const LINE = 2.2; // the same width as in the viewer

/** Sizes the canvas to its place on the page; its drawing unit becomes the CSS pixel. */
export function fitOverlay(canvas) {
  const ratio = window.devicePixelRatio;
  resize(canvas, Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio));
}

// Setting a canvas's size, even to the same value, recreates it.
function resize(canvas, width, height) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
}

/** Paints the overlay of the slice shown. */
export function paint(session) {
  const { canvas, viewer } = session;
  if (!viewer.volume) return;
  fitOverlay(canvas);
  const place = placeOn(session, canvas);
  if (session.shown) paintRegions(session, place);
  place.pixels();
  if (session.waiting && session.waiting !== session.tool) session.waiting.paint(session, place);
  session.tool.paint?.(session, place);
  paintRulers(session, place);
  paintCrossHair(session, place);
  describe(session);
}

/** A canvas of the overlay's size, emptied, with its two units: the scan's pixel and the CSS pixel. */
function placeOn(session, canvas) {
  // If WebGL runs in software, drawing on a canvas in main memory is far faster.
  const context = canvas.getContext("2d", { willReadFrequently: session.viewer.software });
  const ratio = window.devicePixelRatio;
  const [x0, perColumn, y0, perRow] = transform(session.viewer);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  const pixels = () => context.setTransform(perColumn * ratio, 0, 0, perRow * ratio, x0 * ratio, y0 * ratio);
  const css = () => context.setTransform(ratio, 0, 0, ratio, 0, 0);
  // Line width follows the font size, so that lines are visible on a 4K screen, too.
  return { context, pixels, css, scale: perColumn / session.lineScale };
}

// While only a tool's line follows the pointer, the regions are copied from the last painting. While a tool changes them, they
// are painted again each time.
function paintRegions(session, place) {
  if (session.before !== null) return paintDrawn(session, place);
  const kept = (session.kept ??= { canvas: document.createElement("canvas"), of: [] });
  const now = shownNow(session);
  if (now.length !== kept.of.length || now.some((one, i) => one !== kept.of[i])) {
    resize(kept.canvas, session.canvas.width, session.canvas.height);
    paintDrawn(session, placeOn(session, kept.canvas));
    kept.of = shownNow(session);
  }
  place.context.setTransform(1, 0, 0, 1, 0, 0);
  place.context.drawImage(kept.canvas, 0, 0);
}

// Everything that the picture of the regions depends on; a changed map or path is a new object.
function shownNow(session) {
  const { canvas, layer, references, viewer } = session;
  const slice = layer.slices.get(viewer.slice);
  const ours = [session.painted, slice?.map, slice?.origins, session.lineScale, session.showDifferences];
  const theirs = references.flatMap((one) => [one.shown, one.painted, one.layer.slices.get(viewer.slice)?.map]);
  return [viewer.slice, canvas.width, canvas.height, ...transform(viewer), ...ours, session.difference, ...theirs];
}

function paintDrawn(session, place) {
  place.pixels();
  paintMap(session, place);
  if (session.references.length > 1 && session.showDifferences) paintDifferences(session, place);
  for (const reference of session.references) paintReference(session, place, reference);
}

function paintMap(session, { context, scale }) {
  const { layer, viewer } = session;
  const slice = layer.slices.get(viewer.slice);
  if (!slice?.map) return;
  const { rows, columns } = viewer.volume;
  // While a tool is writing, outlines would take longer than the writing; they are drawn when it is done.
  const working = session.before !== null;
  if (session.painted?.map !== slice.map || session.painted.k !== viewer.slice) {
    session.painted = {
      k: viewer.slice,
      map: slice.map,
      picture: picture(session, slice.map, rows, columns),
      paths: working ? null : outlines(slice.map, rows, columns),
    };
  }
  const { picture: fill, paths } = session.painted;
  context.imageSmoothingEnabled = false;
  context.drawImage(fill, 0, 0);
  if (!paths) return;
  context.setLineDash(untouched(slice) ? [5 / scale, 4 / scale] : []);
  for (const [label, path] of paths) strokeHaloed(context, path, session.colours[label], LINE / scale);
  context.setLineDash([]);
}

// The fill as a picture with one pixel per voxel. One canvas is reused: creating one for each move would be slow.
function picture(session, map, rows, columns) {
  session.fill ??= document.createElement("canvas");
  const canvas = session.fill;
  if (canvas.width !== columns || canvas.height !== rows) {
    Object.assign(canvas, { width: columns, height: rows });
    session.fillData = new ImageData(columns, rows);
  }
  const words = new Uint32Array(session.fillData.data.buffer);
  for (let i = 0; i < map.length; i++) words[i] = session.palette[map[i]];
  canvas.getContext("2d", { willReadFrequently: session.viewer.software }).putImageData(session.fillData, 0, 0);
  return canvas;
}

/** Fill colors for label maps as 32-bit words (little-endian RGBA), a third opaque. */
export function paletteOf(colours) {
  return colours.map((colour) => {
    if (!colour) return 0;
    const value = parseInt(colour.slice(1), 16);
    return ((0x48 << 24) | ((value & 255) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
  });
}

function paintDifferences(session, { context }) {
  const { slice, volume } = session.viewer;
  if (session.difference?.k !== slice) {
    const maps = session.references.map((reference) => reference.layer.slices.get(slice)?.map);
    session.difference = { k: slice, picture: differencePicture(maps, volume.rows, volume.columns) };
  }
  context.imageSmoothingEnabled = false;
  context.drawImage(session.difference.picture, 0, 0);
}

function paintReference(session, { context, scale }, reference) {
  const map = reference.layer.slices.get(session.viewer.slice)?.map;
  if (!map || !reference.shown) return;
  const { rows, columns } = session.viewer.volume;
  if (reference.painted?.map !== map) reference.painted = { map, paths: outlines(map, rows, columns) };
  context.setLineDash(reference.dash.map((length) => length / scale));
  for (const [label, path] of reference.painted.paths) strokeHaloed(context, path, session.colours[label], LINE / scale);
  context.setLineDash([]);
}

function paintRulers(session, { context, css }) {
  const [x0, perColumn, y0, perRow] = transform(session.viewer);
  css();
  const at = ([x, y]) => [x0 + x * perColumn, y0 + y * perRow];
  for (const ruler of shownRulers(session)) {
    const [from, to] = [at(ruler.from), at(ruler.to)];
    context.strokeStyle = context.fillStyle = "#ffe08a";
    context.lineWidth = 1.5 * session.lineScale;
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
    for (const [x, y] of [from, to]) context.fillRect(x - 2, y - 2, 4, 4);
    label(context, lengthOf(session, ruler), to[0] + 10, to[1] - 10, 13 * session.lineScale);
  }
}

function paintCrossHair(session, { context, css }) {
  const [x0, perColumn, y0, perRow] = transform(session.viewer);
  css();
  paintCross(session, context, ([x, y]) => [x0 + x * perColumn, y0 + y * perRow]);
}

function label(context, text, x, y, size) {
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.lineWidth = 4;
  context.strokeStyle = "rgba(0, 0, 0, .8)";
  context.strokeText(text, x, y);
  context.fillText(text, x, y);
}

const shownRulers = (session) => [...rulersOf(session, session.viewer.slice), ...(session.tool.line ? [session.tool.line] : [])];

// The lengths of the rulers, for people who cannot see the picture.
function describe(session) {
  const words = shownRulers(session).map((ruler) => lengthOf(session, ruler)).join("; ");
  if (words !== session.described) session.canvas.setAttribute("aria-description", (session.described = words));
}

/** A ruler's length in words, in mm if the pixel size is known. */
export function lengthOf(session, { from, to }) {
  const pixelMm = session.scan.pixel_mm;
  const [rowMm, columnMm] = pixelMm ?? [1, 1];
  const length = Math.hypot((to[0] - from[0]) * columnMm, (to[1] - from[1]) * rowMm);
  return `${length.toFixed(1)} ${pixelMm ? "mm" : "px"}`;
}
