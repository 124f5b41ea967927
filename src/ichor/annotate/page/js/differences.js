// Where readers differ, as a layer that the overlay can show.

// Little-endian RGBA.
const SOME_ONLY = 0x60ffffff;
const CHECK = 0xa0ffffff;

/** The slices on which layers differ, lowest first. */
export function differingSlices(layers) {
  const keys = new Set(layers.flatMap((layer) => [...layer.slices.keys()]));
  return [...keys].filter((k) => differ(layers.map((layer) => layer.slices.get(k)?.map))).sort((a, b) => a - b);
}

function differ([first, ...others]) {
  return others.some((other) => {
    if (!first || !other) return Boolean((first ?? other)?.some((label) => label > 0));
    return first.some((label, i) => label !== other[i]);
  });
}

/** A picture with one pixel per voxel: white where only some maps have a region, checkered where only the subtypes differ. */
export function differencePicture(maps, rows, columns) {
  const data = new ImageData(columns, rows);
  const words = new Uint32Array(data.data.buffer);
  for (let i = 0; i < words.length; i++) {
    const first = maps[0]?.[i] ?? 0;
    let [differs, all] = [false, first > 0];
    for (const map of maps) {
      const label = map?.[i] ?? 0;
      if (label !== first) differs = true;
      if (!label) all = false;
    }
    if (!differs) continue;
    const [row, column] = [Math.floor(i / columns), i % columns];
    if (all) words[i] = ((row >> 1) + (column >> 1)) & 1 ? CHECK : 0;
    else words[i] = SOME_ONLY;
  }
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: columns, height: rows });
  canvas.getContext("2d").putImageData(data, 0, 0);
  return canvas;
}
