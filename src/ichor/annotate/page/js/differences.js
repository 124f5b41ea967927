// Where two readers differ, as a layer that the overlay can show.

// Little-endian RGBA.
const ONE_ONLY = 0x60ffffff;
const CHECK = 0xa0ffffff;

/** The slices on which two layers differ, lowest first. */
export function differingSlices(one, other) {
  const keys = new Set([...one.slices.keys(), ...other.slices.keys()]);
  return [...keys].filter((k) => differ(one.slices.get(k)?.map, other.slices.get(k)?.map)).sort((a, b) => a - b);
}

function differ(one, other) {
  if (!one || !other) return Boolean((one ?? other)?.some((label) => label > 0));
  return one.some((label, i) => label !== other[i]);
}

/** A picture, a pixel a voxel, white where just one of two maps has a region and checkered where their subtypes differ. */
export function differencePicture(one, other, rows, columns) {
  const data = new ImageData(columns, rows);
  const words = new Uint32Array(data.data.buffer);
  for (let i = 0; i < words.length; i++) {
    const [a, b] = [one?.[i] ?? 0, other?.[i] ?? 0];
    if (a === b) continue;
    const [row, column] = [Math.floor(i / columns), i % columns];
    if (a && b) words[i] = ((row >> 1) + (column >> 1)) & 1 ? CHECK : 0;
    else words[i] = ONE_ONLY;
  }
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: columns, height: rows });
  canvas.getContext("2d").putImageData(data, 0, 0);
  return canvas;
}
