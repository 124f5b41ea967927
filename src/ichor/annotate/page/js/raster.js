// Shapes into label maps. Points are [x, y] in pixels, x along columns; pixel (row, column) covers
// [column, column + 1) x [row, row + 1) and belongs to a shape if its center does.

/** Fills a closed outline (nonzero rule); an edge from the last point to the first closes it. */
export function fillOutline(map, rows, columns, points, label) {
  if (points.length < 3) return;
  const ys = points.map((point) => point[1]);
  const top = Math.max(0, Math.floor(Math.min(...ys)));
  const bottom = Math.min(rows - 1, Math.ceil(Math.max(...ys)));
  for (let row = top; row <= bottom; row++) {
    let winding = 0;
    const crossings = crossingsAt(points, row + 0.5);
    for (let i = 0; i + 1 < crossings.length; i++) {
      winding += crossings[i][1];
      if (winding === 0) continue;
      const first = Math.max(0, Math.ceil(crossings[i][0] - 0.5));
      const last = Math.min(columns - 1, Math.ceil(crossings[i + 1][0] - 0.5) - 1);
      if (last >= first) map.fill(label, row * columns + first, row * columns + last + 1);
    }
  }
}

function crossingsAt(points, y) {
  const crossings = [];
  for (let i = 0; i < points.length; i++) {
    const [x0, y0] = points[i];
    const [x1, y1] = points[(i + 1) % points.length];
    if (y0 <= y === y1 <= y) continue;
    crossings.push([x0 + ((y - y0) / (y1 - y0)) * (x1 - x0), y1 > y0 ? 1 : -1]);
  }
  return crossings.sort((a, b) => a[0] - b[0]);
}

/**
 * Fills everything within `diameter / 2` of the line between two points, and the pixels under both, if `may` allows their
 * index.
 */
export function strokeTo(map, rows, columns, from, to, diameter, label, may = () => true) {
  const radius = diameter / 2;
  const top = Math.max(0, Math.floor(Math.min(from[1], to[1]) - radius));
  const bottom = Math.min(rows - 1, Math.floor(Math.max(from[1], to[1]) + radius));
  const left = Math.max(0, Math.floor(Math.min(from[0], to[0]) - radius));
  const right = Math.min(columns - 1, Math.floor(Math.max(from[0], to[0]) + radius));
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = dx * dx + dy * dy;
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const [px, py] = [column + 0.5 - from[0], row + 0.5 - from[1]];
      const along = length ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
      const [ex, ey] = [px - along * dx, py - along * dy];
      const at = row * columns + column;
      if (ex * ex + ey * ey <= radius * radius && may(at)) map[at] = label;
    }
  }
  for (const [x, y] of [from, to]) {
    const [column, row] = [Math.floor(x), Math.floor(y)];
    const at = row * columns + column;
    if (row >= 0 && row < rows && column >= 0 && column < columns && may(at)) map[at] = label;
  }
}

/** The indices reached from `start` over 4-neighbors for which `inside(index)` is true. */
export function flood(rows, columns, starts, inside) {
  const seen = new Uint8Array(rows * columns);
  const reached = [];
  const visit = (index) => {
    if (!seen[index] && inside(index)) {
      seen[index] = 1;
      reached.push(index);
    }
  };
  starts.forEach(visit);
  for (let i = 0; i < reached.length; i++) {
    const index = reached[i];
    const column = index % columns;
    if (column > 0) visit(index - 1);
    if (column < columns - 1) visit(index + 1);
    if (index >= columns) visit(index - columns);
    if (index < (rows - 1) * columns) visit(index + columns);
  }
  return reached;
}

/** Fills the holes of every label: what is empty and cannot reach the border without crossing that label. */
export function fillHoles(map, rows, columns) {
  const border = [];
  for (let column = 0; column < columns; column++) border.push(column, (rows - 1) * columns + column);
  for (let row = 0; row < rows; row++) border.push(row * columns, row * columns + columns - 1);
  for (const label of new Set(map)) {
    if (label === 0) continue;
    const outside = new Uint8Array(rows * columns);
    for (const index of flood(rows, columns, border, (at) => map[at] !== label)) outside[index] = 1;
    for (let index = 0; index < map.length; index++) if (!outside[index] && map[index] === 0) map[index] = label;
  }
}
