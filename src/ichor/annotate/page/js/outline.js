// The edges of a label map along the pixels, as a Path2D of closed lines for each label (in pixel coordinates).

/** A Map of Path2D by label. The lines are continuous, so that dashes are drawn correctly. */
export function outlines(map, rows, columns) {
  const edges = new Map();
  const add = (label, x0, y0, x1, y1) => {
    if (!edges.has(label)) edges.set(label, new Map());
    const from = edges.get(label);
    const key = y0 * (columns + 1) + x0;
    if (from.has(key)) from.get(key).push([x1, y1]);
    else from.set(key, [[x1, y1]]);
  };
  for (let row = 0; row <= rows; row++) horizontal(map, rows, columns, row, add);
  for (let column = 0; column <= columns; column++) vertical(map, rows, columns, column, add);
  return new Map([...edges].map(([label, from]) => [label, joined(from, columns + 1)]));
}

// The region is to the right of each edge, so that edges follow each other around it. An edge is one piece as long as the
// same label is on the same side of it.
function horizontal(map, rows, columns, row, add) {
  for (const [inner, outer] of [[row, row - 1], [row - 1, row]]) {
    if (inner < 0 || inner >= rows) continue;
    let [open, from] = [0, 0];
    for (let column = 0; column <= columns; column++) {
      const label = column < columns ? map[inner * columns + column] : 0;
      const beyond = column < columns && outer >= 0 && outer < rows ? map[outer * columns + column] : 0;
      const edge = label !== beyond ? label : 0;
      if (edge === open) continue;
      if (open && inner === row) add(open, from, row, column, row);
      else if (open) add(open, column, row, from, row);
      [open, from] = [edge, column];
    }
  }
}

function vertical(map, rows, columns, column, add) {
  for (const [inner, outer] of [[column, column - 1], [column - 1, column]]) {
    if (inner < 0 || inner >= columns) continue;
    let [open, from] = [0, 0];
    for (let row = 0; row <= rows; row++) {
      const label = row < rows ? map[row * columns + inner] : 0;
      const beyond = row < rows && outer >= 0 && outer < columns ? map[row * columns + outer] : 0;
      const edge = label !== beyond ? label : 0;
      if (edge === open) continue;
      if (open && inner === column) add(open, column, row, column, from);
      else if (open) add(open, column, from, column, row);
      [open, from] = [edge, row];
    }
  }
}

// As many edges leave a corner as arrive at it, so every line ends where it began.
function joined(from, stride) {
  const path = new Path2D();
  for (const [start, first] of from) {
    while (first.length) {
      path.moveTo(start % stride, Math.floor(start / stride));
      let next = first.pop();
      for (let at = next[1] * stride + next[0]; at !== start; at = next[1] * stride + next[0]) {
        path.lineTo(...next);
        next = from.get(at).pop();
      }
      path.closePath();
    }
  }
  return path;
}
