// An axial slice on a canvas, drawn by NiiVue, in the radiological convention.

import { Niivue, SLICE_TYPE } from "../vendor/niivue-0.69.0.js";
import { standIn } from "./volume.js";

const ZOOMS = [0.5, 40];
// Without a graphics card, every pixel takes time: with more than this, scrolling would be slow.
const MOST_SOFTWARE_PIXELS = 700_000;

// By default, NiiVue recolors the whole volume for each window and calculates its gradient, which takes seconds without a
// graphics card. Here it gets a stand-in of the scan's size. The scan itself is a texture of integer HU on a separate
// texture unit. The shader interpolates the HU of the four voxels around a point, then applies the window. A change of slice or window
// uploads nothing.
const UNIT = 15;
const ALL_BLACK = 40_000; // above all HU
const SHADER = `#version 300 es
precision highp int;
precision highp float;
uniform highp isampler3D scan;
uniform float lowest;
uniform float width;
in vec3 texPos;
out vec4 color;
float hu(ivec2 at, int slice, ivec2 last) {
  return float(texelFetch(scan, ivec3(clamp(at, ivec2(0), last), slice), 0).r);
}
void main() {
  ivec3 size = textureSize(scan, 0);
  // NiiVue counts towards the patient's right and the front; the scan's columns and rows run the other way.
  vec2 at = (1.0 - texPos.xy) * vec2(size.xy) - 0.5;
  ivec2 low = ivec2(floor(at));
  ivec2 last = size.xy - 1;
  int slice = clamp(int(texPos.z * float(size.z)), 0, size.z - 1);
  vec2 part = at - vec2(low);
  float below = mix(hu(low, slice, last), hu(low + ivec2(1, 0), slice, last), part.x);
  float above = mix(hu(low + ivec2(0, 1), slice, last), hu(low + ivec2(1, 1), slice, last), part.x);
  color = vec4(vec3(clamp((mix(below, above, part.y) - lowest) / width, 0.0, 1.0)), 1.0);
}`;

const OPTIONS = {
  isRadiologicalConvention: true,
  isResizeCanvas: false,
  forceDevicePixelRatio: -1,
  interactive: false,
  dragAndDropEnabled: false,
  crosshairWidth: 0,
  isColorbar: false,
  isOrientCube: false,
  isOrientationTextVisible: false,
  backColor: [0, 0, 0, 1],
  logLevel: "silent",
};

/** A viewer on `canvas`; `onView` is called after each change of the view. Throws if WebGL 2 is missing. */
export async function createViewer(canvas, onView) {
  if (!document.createElement("canvas").getContext("webgl2")) {
    throw new Error("This browser does not support WebGL 2, which is needed to show scans.");
  }
  const nv = new Niivue(OPTIONS);
  await nv.attachToCanvas(canvas, false);
  nv.setSliceType(SLICE_TYPE.AXIAL);
  nv.setCustomSliceShader(SHADER);
  const { program } = nv.customSliceShader;
  nv.gl.useProgram(program);
  nv.gl.uniform1i(nv.gl.getUniformLocation(program, "scan"), UNIT);
  const viewer = { nv, canvas, onView, volume: null, slice: 0, level: 40, width: 120, software: isSoftware(nv.gl) };
  const observer = new ResizeObserver(() => resize(viewer));
  observer.observe(canvas);
  viewer.close = () => {
    observer.disconnect();
    nv.gl.getExtension("WEBGL_lose_context")?.loseContext();
  };
  return viewer;
}

function isSoftware(gl) {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  return /swiftshader|llvmpipe|software/i.test(info ? gl.getParameter(info.UNMASKED_RENDERER_WEBGL) : "");
}

/** Shows another volume (of emptyVolume), fitted, on slice `slice`. Slices that have not arrived are black. */
export async function load(viewer, volume, pixelMm, slice = Math.floor(volume.n / 2)) {
  allocate(viewer.nv.gl, volume);
  await viewer.nv.loadFromArrayBuffer(standIn(volume, pixelMm), "scan.nii");
  Object.assign(viewer, { volume, pixelMm: pixelMm ?? [1, 1], slice });
  showArrived(viewer, [...volume.arrived]);
  resize(viewer);
}

/** Uploads slices of the volume that have arrived. */
export function showArrived(viewer, slices) {
  if (!viewer.volume) return;
  for (const k of slices) upload(viewer.nv.gl, viewer.volume, k);
  if (slices.includes(viewer.slice)) draw(viewer);
}

// Deletes the previous texture on the unit, which belongs to another scan.
function allocate(gl, { n, rows, columns }) {
  const most = gl.getParameter(gl.MAX_3D_TEXTURE_SIZE);
  if (Math.max(n, rows, columns) > most) {
    throw new Error(`This browser shows scans of up to ${most} slices, rows and columns; this one has ${n} x ${rows} x ${columns}.`);
  }
  gl.activeTexture(gl.TEXTURE0 + UNIT);
  gl.deleteTexture(gl.getParameter(gl.TEXTURE_BINDING_3D));
  gl.bindTexture(gl.TEXTURE_3D, gl.createTexture());
  gl.texStorage3D(gl.TEXTURE_3D, 1, gl.R16I, columns, rows, n);
  gl.texParameteri(gl.TEXTURE_3D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_3D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
}

function upload(gl, { hu, rows, columns }, k) {
  const size = rows * columns;
  gl.activeTexture(gl.TEXTURE0 + UNIT);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 2);
  gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, k, columns, rows, 1, gl.RED_INTEGER, gl.SHORT, hu.subarray(k * size, (k + 1) * size));
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
}

function resize(viewer) {
  const { canvas, nv } = viewer;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width || !height) return;
  const fitting = viewer.software ? Math.sqrt(MOST_SOFTWARE_PIXELS / (width * height)) : Infinity;
  const ratio = Math.min(window.devicePixelRatio, fitting);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  draw(viewer);
}

/** Draws the slice; `onView` then updates the overlay. */
export function draw(viewer) {
  const { nv, volume } = viewer;
  if (!volume || !nv.customSliceShader) return;
  const { program, uniforms } = nv.customSliceShader;
  nv.gl.useProgram(program);
  nv.gl.uniform1f(uniforms.lowest, volume.arrived.has(viewer.slice) ? viewer.level - viewer.width / 2 : ALL_BLACK);
  nv.gl.uniform1f(uniforms.width, viewer.width);
  nv.scene.crosshairPos = [0.5, 0.5, (viewer.slice + 0.5) / volume.n];
  nv.drawScene();
  viewer.onView();
}

export function showSlice(viewer, slice) {
  viewer.slice = Math.min(viewer.volume.n - 1, Math.max(0, slice));
  draw(viewer);
}

export function setWindow(viewer, level, width) {
  Object.assign(viewer, { level: Math.round(level), width: Math.max(1, Math.round(width)) });
  draw(viewer);
}

/** How pixel coordinates (columns, rows) become CSS pixels on the canvas: [x0, x per column, y0, y per row]. */
export function transform(viewer) {
  const { nv, canvas, volume, pixelMm } = viewer;
  const tile = nv.screenSlices[0];
  if (!tile) return [0, 1, 0, 1];
  const [rowMm, columnMm] = pixelMm;
  const perMm = [canvas.clientWidth / tile.fovMM[0], canvas.clientHeight / tile.fovMM[1]];
  const [leftEdge, topEdge] = [(volume.columns / 2) * columnMm, (volume.rows / 2) * rowMm];
  return [
    (leftEdge - tile.leftTopMM[0]) * perMm[0],
    -columnMm * perMm[0],
    canvas.clientHeight - (topEdge - tile.leftTopMM[1]) * perMm[1],
    rowMm * perMm[1],
  ];
}

/** Pixel coordinates [x, y] under a place on the canvas in CSS pixels. */
export function pixelAt(viewer, left, top) {
  const [x0, perColumn, y0, perRow] = transform(viewer);
  return [(left - x0) / perColumn, (top - y0) / perRow];
}

/** Changes the zoom by a factor, keeping the point under a position on the canvas (CSS pixels) in place. */
export function zoomBy(viewer, factor, left, top) {
  const [x, y, z, zoom] = viewer.nv.scene.pan2Dxyzmm;
  const next = Math.min(ZOOMS[1], Math.max(ZOOMS[0], zoom * factor));
  const [mmX, mmY] = mmAt(viewer, left, top);
  viewer.nv.scene.pan2Dxyzmm = [x + mmX * (zoom - next), y + mmY * (zoom - next), z, next];
  draw(viewer);
}

/** Moves the picture by CSS pixels. */
export function panBy(viewer, dx, dy) {
  const [x, y, z, zoom] = viewer.nv.scene.pan2Dxyzmm;
  const tile = viewer.nv.screenSlices[0];
  const mmX = (dx / viewer.canvas.clientWidth) * tile.fovMM[0];
  const mmY = (-dy / viewer.canvas.clientHeight) * tile.fovMM[1];
  viewer.nv.scene.pan2Dxyzmm = [x + zoom * mmX, y + zoom * mmY, z, zoom];
  draw(viewer);
}

export function fit(viewer) {
  viewer.nv.scene.pan2Dxyzmm = [0, 0, 0, 1];
  draw(viewer);
}

export const zoomOf = (viewer) => viewer.nv.scene.pan2Dxyzmm[3];

function mmAt(viewer, left, top) {
  const tile = viewer.nv.screenSlices[0];
  return [
    tile.leftTopMM[0] + (left / viewer.canvas.clientWidth) * tile.fovMM[0],
    tile.leftTopMM[1] + (1 - top / viewer.canvas.clientHeight) * tile.fovMM[1],
  ];
}

/** HU at pixel coordinates; null outside the slice, and on one that has not arrived. */
export function huAt(volume, slice, x, y) {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  if (!volume.arrived.has(slice) || row < 0 || row >= volume.rows || column < 0 || column >= volume.columns) return null;
  return volume.hu[(slice * volume.rows + row) * volume.columns + column];
}
