// Coronal and sagittal views: planes of the patient, drawn to scale whatever the tilt and spacing of the slices.

import { sizedCanvas } from "./canvas.js";
import { el } from "./dom.js";
import { byLabel, grays, outlines, paint, rgb, strokeOutlines } from "./paint.js";

const AXES = { coronal: { across: 0, through: 1, ends: ["R", "L"] }, sagittal: { across: 1, through: 0, ends: ["A", "P"] } };
const MOST_PX = 700;

/** The pixels of a plane through `place`: HU, and labels and probabilities where there are any. */
export function cut(volume, kind, place, box) {
  const { across, through } = AXES[kind];
  const size = [box[across][1] - box[across][0], box[2][1] - box[2][0]];
  const step = Math.max(volume.columnMm, Math.max(...size) / MOST_PX);
  const [columns, rows] = size.map((one) => Math.max(1, Math.round(one / step)));
  const hu = new Int16Array(rows * columns).fill(-1024);
  const labels = volume.labels && new Uint8Array(rows * columns);
  const probability = volume.probability && new Uint8Array(rows * columns);
  const at = [0, 0, 0];
  at[through] = place[through];
  for (let row = 0; row < rows; row += 1) {
    at[2] = box[2][1] - (row + 0.5) * step;
    for (let column = 0; column < columns; column += 1) {
      at[across] = box[across][0] + (column + 0.5) * step;
      const found = sample(volume, at);
      if (!found) continue;
      const to = row * columns + column;
      hu[to] = found.hu;
      if (labels) labels[to] = volume.labels[found.nearest];
      if (probability) probability[to] = volume.probability[found.nearest];
    }
  }
  return { rows, columns, step, hu, labels, probability };
}

/** HU between the two slices at a place, and the index of the nearest voxel; null outside the scan. */
export function sample(volume, [x, y, z]) {
  const [origin, normal, { heights }] = [volume.origins[0], volume.normal, volume];
  const height = (x - origin[0]) * normal[0] + (y - origin[1]) * normal[1] + (z - origin[2]) * normal[2];
  if (height < -volume.halfFirst || height > heights[volume.n - 1] + volume.halfLast) return null;
  let k = 0;
  while (k + 2 < volume.n && heights[k + 1] <= height) k += 1;
  const above = Math.min(k + 1, volume.n - 1);
  const share = above === k ? 0 : Math.min(1, Math.max(0, (height - heights[k]) / (heights[above] - heights[k])));
  const low = index(volume, k, x, y, z);
  const high = above === k ? low : index(volume, above, x, y, z);
  const nearest = share < 0.5 ? low : high;
  if (nearest < 0) return null;
  const [a, b] = [volume.hu[low < 0 ? nearest : low], volume.hu[high < 0 ? nearest : high]];
  return { hu: a + (b - a) * share, nearest };
}

function index(volume, k, x, y, z) {
  const { origins, along_rows: r, along_columns: c } = volume;
  const [dx, dy, dz] = [x - origins[k][0], y - origins[k][1], z - origins[k][2]];
  const i = Math.round((dx * r[0] + dy * r[1] + dz * r[2]) / volume.rowMm);
  const j = Math.round((dx * c[0] + dy * c[1] + dz * c[2]) / volume.columnMm);
  return i < 0 || j < 0 || i >= volume.rows || j >= volume.columns ? -1 : k * volume.perSlice + i * volume.columns + j;
}

/**
 * One of the two views; a click moves the crosshair, the wheel the plane. `colours` are those of the labels, [{label, colour}].
 *
 * `state` has {k, cross, level, width, outlines, fill, probability}. Where voxels or labels change, count `volume.version` up.
 */
export function makePlane(kind, volume, colours, state) {
  const { across, through, ends } = AXES[kind];
  const lines = byLabel(colours);
  const fills = Object.fromEntries(colours.map(({ label, colour }) => [label, rgb(colour)]));
  const box = volume.box();
  const here = () => volume.patient(state.cross ? { ...state.cross, k: state.k } : { k: state.k, i: volume.rows >> 1, j: volume.columns >> 1 });
  let drawn = null;
  let plane = null;
  const fitted = (width, height) => {
    const perMm = Math.min(width / (drawn.columns * drawn.step), height / (drawn.rows * drawn.step));
    const size = [drawn.columns * drawn.step * perMm, drawn.rows * drawn.step * perMm];
    return { perMm, size, left: (width - size[0]) / 2, top: (height - size[1]) / 2 };
  };
  const sized = sizedCanvas({ tabIndex: 0, role: "img", "aria-label": `${kind} view` }, (context, width, height) => {
    if (!drawn) return;
    const { perMm, size, left, top } = fitted(width, height);
    context.drawImage(drawn.picture, left, top, ...size);
    if (state.outlines && drawn.labels) {
      const pixel = drawn.step * perMm;
      strokeOutlines(context, drawn.paths, lines, { left, top, x: pixel, y: pixel, thick: Math.max(0.7, Math.min(width, height) / 800) });
    }
    const place = here();
    const [x, y] = [left + (place[across] - box[across][0]) * perMm, top + (box[2][1] - place[2]) * perMm];
    context.strokeStyle = "#5fb8ccb0";
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, height);
    const [tiltedFrom, tiltedTo] = ends.map((_, at) => sliceLine(at));
    context.moveTo(left + tiltedFrom[0] * perMm, top + tiltedFrom[1] * perMm);
    context.lineTo(left + tiltedTo[0] * perMm, top + tiltedTo[1] * perMm);
    context.stroke();
    if (!state.cross) return;
    context.beginPath();
    context.arc(x, y, 4, 0, 2 * Math.PI);
    context.stroke();
  }, el);

  /** Where the slice shown leaves this plane at its first (0) or last (1) pixel, in mm from the picture's corner. */
  function sliceLine(end) {
    const place = here();
    const along = kind === "coronal" ? volume.along_columns : volume.along_rows;
    const slope = along[2] / along[across];
    const value = box[across][end];
    return [value - box[across][0], box[2][1] - (place[2] + (value - place[across]) * slope)];
  }

  function show() {
    const place = here();
    // A change of only the window or the outlines does not resample the planes.
    const { version } = volume;
    if (plane?.through !== place[through] || plane.version !== version || (volume.probability && !plane.probability)) {
      plane = { ...cut(volume, kind, place, box), through: place[through], version };
      plane.paths = plane.labels && outlines(plane.labels, plane.rows, plane.columns);
    }
    const image = new ImageData(plane.columns, plane.rows);
    paint(image, plane.hu, {
      table: grays(state.level, state.width), labels: state.outlines && plane.labels, colours: fills,
      fill: Math.max(0.35, state.fill), probability: state.probability && plane.probability,
    });
    const picture = new OffscreenCanvas(plane.columns, plane.rows);
    picture.getContext("2d").putImageData(image, 0, 0);
    drawn = { ...plane, picture };
    sized.redraw();
  }

  const go = (event) => {
    const screen = sized.canvas.getBoundingClientRect();
    const { perMm, left, top } = fitted(screen.width, screen.height);
    const place = here();
    place[across] = box[across][0] + (event.clientX - screen.left - left) / perMm;
    place[2] = box[2][1] - (event.clientY - screen.top - top) / perMm;
    const cross = volume.voxelAt(place);
    state.set({ cross, k: cross.k });
  };
  sized.canvas.addEventListener("pointerdown", (event) => {
    sized.canvas.setPointerCapture(event.pointerId);
    go(event);
  });
  sized.canvas.addEventListener("pointermove", (event) => event.buttons === 1 && go(event));
  sized.canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const place = here();
    place[through] += (event.deltaY > 0 ? 1 : -1) * 2;
    state.set({ cross: { ...volume.voxelAt(place), k: state.k } });
  }, { passive: false });
  state.on(show);
  show();
  const scale = volume.known ? "" : ", not to scale";
  const title = el("div", { className: "hud top-left" }, `${kind[0].toUpperCase()}${kind.slice(1)}${scale}`);
  const marks = ends.map((text, at) => el("div", { className: `hud ${at ? "right" : "left"}` }, text));
  return { place: el("div", { className: `view ${kind}` }, sized.canvas, title, marks), close: sized.close };
}
