// Pixels: gray by a window, and labels and probabilities over it.

const LOWEST = -2048;
const COUNT = 8192;

/** Gray values of HU from LOWEST on, for a window. */
export function grays(level, width) {
  const table = new Uint8ClampedArray(COUNT);
  for (let at = 0; at < COUNT; at += 1) table[at] = ((at + LOWEST - level) / width + 0.5) * 255;
  return table;
}

export const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

/** Paints HU (and, where given, labels and probabilities of 0 to 255) into an image of as many pixels. */
export function paint(image, hu, { table, labels, colours, fill, probability }) {
  const { data } = image;
  for (let at = 0, to = 0; at < hu.length; at += 1, to += 4) {
    const gray = table[Math.min(COUNT - 1, Math.max(0, hu[at] - LOWEST))];
    let red = gray, green = gray, blue = gray;
    if (probability && probability[at] > 12) {
      const share = 0.6 * (probability[at] / 255);
      red += (255 - red) * share;
      green += (70 - green) * share;
      blue += (40 - blue) * share;
    }
    const colour = labels && fill > 0 && colours[labels[at]];
    if (colour) {
      red += (colour[0] - red) * fill;
      green += (colour[1] - green) * fill;
      blue += (colour[2] - blue) * fill;
    }
    data[to] = red;
    data[to + 1] = green;
    data[to + 2] = blue;
    data[to + 3] = 255;
  }
}

// The colour of the dark line below a bright outline, as ichor.subtypes.HALO: on any gray, one of the two is seen.
const HALO = "#000000";

/**
 * Strokes outlines in their colours over a halo. `paths` are of `outlines`, by label, `colours` in HTML notation, by label;
 * a pixel is `x` wide and `y` high, and the first one is at `left` and `top`; `thick` scales the lines.
 */
export function strokeOutlines(context, paths, colours, { left, top, x, y, thick }) {
  const turn = new DOMMatrix([x, 0, 0, y, left, top]);
  for (const [label, path] of paths) {
    const shown = new Path2D();
    shown.addPath(path, turn);
    context.lineCap = "round";
    strokeHaloed(context, shown, colours[label], 2.25 * thick);
  }
}

/** Strokes a path in a colour over a halo; `width` is the coloured line's. */
export function strokeHaloed(context, path, colour, width) {
  for (const [style, wide] of [[HALO, 1.8 * width], [colour, width]]) {
    context.strokeStyle = style;
    context.lineWidth = wide;
    context.stroke(path);
  }
}

/** The colours of labels, [{label, colour}], by label. */
export const byLabel = (colours) => Object.fromEntries(colours.map(({ label, colour }) => [label, colour]));

/** The borders of each label on a slice as paths in pixel corners, by label. */
export function outlines(labels, rows, columns) {
  const paths = new Map();
  const at = (i, j) => (i < 0 || j < 0 || i >= rows || j >= columns ? 0 : labels[i * columns + j]);
  const line = (label, ...points) => {
    if (!label) return;
    if (!paths.has(label)) paths.set(label, new Path2D());
    paths.get(label).moveTo(points[0], points[1]);
    paths.get(label).lineTo(points[2], points[3]);
  };
  const [top, bottom, left, right] = extent(labels, columns);
  for (let i = top; i <= bottom + 1; i += 1) {
    for (let j = left; j <= right + 1; j += 1) {
      const here = at(i, j), above = at(i - 1, j), before = at(i, j - 1);
      if (here !== above) for (const one of [here, above]) line(one, j, i, j + 1, i);
      if (here !== before) for (const one of [here, before]) line(one, j, i, j, i + 1);
    }
  }
  return paths;
}

/** The first and last row and column with a label; of none, the last are before the first. */
function extent(labels, columns) {
  let [top, bottom, left, right] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let index = 0; index < labels.length; index += 1) {
    if (!labels[index]) continue;
    const j = index % columns;
    top = Math.min(top, (index - j) / columns);
    bottom = (index - j) / columns;
    left = Math.min(left, j);
    right = Math.max(right, j);
  }
  return [top, bottom, left, right];
}
