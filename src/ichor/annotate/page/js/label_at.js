// The label at a position of a slice's label map.

/** {start, label}: the index of the pixel at pixel coordinates of a slice, and its label there (0 outside). */
export function labelAt(session, [x, y], slice = session.viewer.slice) {
  const { volume } = session.viewer;
  const [column, row] = [Math.floor(x), Math.floor(y)];
  const inside = row >= 0 && row < volume.rows && column >= 0 && column < volume.columns;
  const start = row * volume.columns + column;
  return { start, label: inside ? (session.layer.slices.get(slice)?.map?.[start] ?? 0) : 0 };
}
