// The line on which a slice cuts the plane of symmetry of the skull, and distances from it.

/** `plane` as the server gives it; without one, the line down the middle of the picture. Rows i and columns j in pixels. */
export function makeTrace(plane, k, { rowMm, columnMm, columns }) {
  const { column: first, per_row: perRow, per_slice: perSlice } = plane ?? { column: (columns - 1) / 2, per_row: 0, per_slice: 0 };
  const columnOf = (i) => first + perRow * i + perSlice * k;
  const slant = Math.hypot(1, (perRow * columnMm) / rowMm); // a column's distance along the row, for 1 mm from the line
  return {
    /** mm from the line to a place on the slice, positive to the patient's left. */
    distance: (i, j) => ((j - columnOf(i)) * columnMm) / slant,
    /** The column on a row at this distance, in mm, from the line. */
    column: (mm, i) => columnOf(i) + (mm * slant) / columnMm,
  };
}
