// The edges of a label map along the pixels, as a Path2D for each label (in pixel coordinates).

export function outlines(map, rows, columns) {
  const paths = new Map();
  const pathOf = (label) => {
    if (!paths.has(label)) paths.set(label, new Path2D());
    return paths.get(label);
  };
  for (let row = 0; row <= rows; row++) {
    horizontal(map, rows, columns, row, pathOf);
  }
  for (let column = 0; column <= columns; column++) {
    vertical(map, rows, columns, column, pathOf);
  }
  return paths;
}

// A line is drawn in one piece for as long as the same label lies on the same side of it.
function horizontal(map, rows, columns, row, pathOf) {
  for (const [inner, outer] of [[row, row - 1], [row - 1, row]]) {
    if (inner < 0 || inner >= rows) continue;
    let [open, from] = [0, 0];
    for (let column = 0; column <= columns; column++) {
      const label = column < columns ? map[inner * columns + column] : 0;
      const beyond = column < columns && outer >= 0 && outer < rows ? map[outer * columns + column] : 0;
      const edge = label !== beyond ? label : 0;
      if (edge === open) continue;
      if (open) line(pathOf(open), from, row, column, row);
      [open, from] = [edge, column];
    }
  }
}

function vertical(map, rows, columns, column, pathOf) {
  for (const [inner, outer] of [[column, column - 1], [column - 1, column]]) {
    if (inner < 0 || inner >= columns) continue;
    let [open, from] = [0, 0];
    for (let row = 0; row <= rows; row++) {
      const label = row < rows ? map[row * columns + inner] : 0;
      const beyond = row < rows && outer >= 0 && outer < columns ? map[row * columns + outer] : 0;
      const edge = label !== beyond ? label : 0;
      if (edge === open) continue;
      if (open) line(pathOf(open), column, from, column, row);
      [open, from] = [edge, row];
    }
  }
}

function line(path, x0, y0, x1, y1) {
  path.moveTo(x0, y0);
  path.lineTo(x1, y1);
}
