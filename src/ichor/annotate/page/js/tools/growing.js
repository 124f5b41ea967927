// Region growing that stays in the hemorrhage: within a radius of the click, away from bone, and through nothing thin.
// Voxels along the inner table have the HU of blood (partial volume), so plain growing would run around the head.

import { flood } from "../raster.js";

const BONE_HU = 200;
// Values that are clipped below bone, as in a brain window, reach the upper end there.
const WITHIN_END_HU = 5;
const BLUR_MM = 0.6;
// The assumed size of a pixel if it is unknown: a field of view of 230 mm on 512 pixels.
export const USUAL_PIXEL_MM = [0.45, 0.45];

// The HU from which on a voxel is bone, by the slices that have arrived.
function boneOf(volume) {
  if (volume.boneOf?.arrived !== volume.arrived.size) {
    const most = volume.hu.reduce((one, other) => Math.max(one, other), -Infinity);
    volume.boneOf = { arrived: volume.arrived.size, from: Math.min(BONE_HU, most - WITHIN_END_HU) };
  }
  return volume.boneOf.from;
}

/**
 * The indices (in the slice) of the region around a pixel. `limits` are {lowest, highest} in HU of the slightly blurred
 * slice, and in mm: {radius} around the click, {margin} to bone, {smoothing}: what is thinner is left out, unless it is
 * what was clicked. `pixelMm` is the size of a pixel along rows and columns, `free` says whether a pixel may be taken.
 */
export function grow(volume, slice, start, limits, pixelMm, free) {
  const { rows, columns } = volume;
  const place = [Math.floor(start / columns), start % columns];
  const part = partAround(place, limits.radius, pixelMm, rows, columns);
  const at = (index) => (part.top + Math.floor(index / part.columns)) * columns + part.left + (index % part.columns);
  const from = slice * rows * columns;
  const size = part.rows * part.columns;
  const boneHu = boneOf(volume);
  const bone = Uint8Array.from({ length: size }, (_, i) => volume.hu[from + at(i)] >= boneHu);
  const hu = smoothed(Float32Array.from({ length: size }, (_, i) => volume.hu[from + at(i)]), bone, part, pixelMm);
  const near = dilated(bone, part, limits.margin, pixelMm);
  const allowed = Uint8Array.from({ length: size }, (_, i) =>
    !bone[i] && hu[i] >= limits.lowest && hu[i] <= limits.highest && free(at(i)) && within(i, part, place, limits.radius, pixelMm));
  const core = Uint8Array.from(allowed, (one, i) => one && !near[i]);
  const clicked = (place[0] - part.top) * part.columns + place[1] - part.left;
  const thick = opened(core, part, limits.smoothing / 2, pixelMm);
  const begin = thick[clicked] ? thick : core; // a click in something thin selects what is equally thin
  const region = Uint8Array.from({ length: size });
  for (const i of flood(part.rows, part.columns, [clicked], (i) => begin[i])) region[i] = 1;
  // What the margin and the opening removed is restored where the region touches it.
  const back = dilated(region, part, Math.max(limits.margin, limits.smoothing / 2), pixelMm);
  const taken = [];
  for (let i = 0; i < size; i++) if (region[i] || (back[i] && allowed[i] && begin === thick)) taken.push(at(i));
  return taken;
}

function partAround([row, column], radius, [rowMm, columnMm], rows, columns) {
  const [up, across] = [Math.ceil(radius / rowMm) + 2, Math.ceil(radius / columnMm) + 2];
  const [top, left] = [Math.max(0, row - up), Math.max(0, column - across)];
  return { top, left, rows: Math.min(rows, row + up + 1) - top, columns: Math.min(columns, column + across + 1) - left };
}

function within(index, part, [row, column], radius, [rowMm, columnMm]) {
  const dy = (part.top + Math.floor(index / part.columns) - row) * rowMm;
  const dx = (part.left + (index % part.columns) - column) * columnMm;
  return dx * dx + dy * dy <= radius * radius;
}

/** The offsets [dy, dx] of the pixels whose center is within a radius in mm. */
function disc(radius, [rowMm, columnMm]) {
  const [up, across] = [Math.floor(radius / rowMm), Math.floor(radius / columnMm)];
  const offsets = [];
  for (let dy = -up; dy <= up; dy++) {
    for (let dx = -across; dx <= across; dx++) {
      if ((dy * rowMm) ** 2 + (dx * columnMm) ** 2 <= radius * radius) offsets.push([dy, dx]);
    }
  }
  return offsets;
}

function dilated(mask, { rows, columns }, radius, pixelMm) {
  const result = mask.slice();
  const offsets = disc(radius, pixelMm);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const i = row * columns + column;
      if (!mask[i] || !hasOther(mask, rows, columns, row, column)) continue;
      for (const [dy, dx] of offsets) {
        const [y, x] = [row + dy, column + dx];
        if (y >= 0 && y < rows && x >= 0 && x < columns) result[y * columns + x] = 1;
      }
    }
  }
  return result;
}

// A mask grows only from its edge.
function hasOther(mask, rows, columns, row, column) {
  const i = row * columns + column;
  return (row > 0 && !mask[i - columns]) || (row < rows - 1 && !mask[i + columns])
    || (column > 0 && !mask[i - 1]) || (column < columns - 1 && !mask[i + 1]);
}

function opened(mask, part, radius, pixelMm) {
  const inverse = mask.map((one) => 1 - one);
  const eroded = dilated(inverse, part, radius, pixelMm).map((one) => 1 - one);
  const back = dilated(eroded, part, radius, pixelMm);
  return mask.map((one, i) => one & back[i]);
}

// A Gaussian over everything that is not bone, along rows and then along columns.
function smoothed(hu, bone, { rows, columns }, [rowMm, columnMm]) {
  const weights = bone.map((one) => 1 - one);
  const values = hu.map((one, i) => (weights[i] ? one : 0));
  const along = (field, step, length, count, jump, mm) => {
    const sigma = BLUR_MM / mm;
    const reach = Math.ceil(3 * sigma);
    const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)));
    const result = new Float32Array(field.length);
    for (let line = 0; line < count; line++) {
      for (let i = 0; i < length; i++) {
        let sum = 0;
        for (let j = Math.max(-reach, -i); j <= Math.min(reach, length - 1 - i); j++) sum += kernel[j + reach] * field[line * jump + (i + j) * step];
        result[line * jump + i * step] = sum;
      }
    }
    return result;
  };
  const blur = (field) => along(along(field, 1, columns, rows, columns, columnMm), columns, rows, columns, 1, rowMm);
  const [sums, totals] = [blur(values), blur(Float32Array.from(weights))];
  return sums.map((sum, i) => (totals[i] > 0 ? sum / totals[i] : hu[i]));
}
