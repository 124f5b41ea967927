// The voxels of a scan, and where they are in the patient (LPS, mm).

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const minus = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];

export class Volume {
  /** `geometry` as the server gives it; arrays of n x rows x columns, null where there are none; `version` counts changes. */
  constructor(geometry, { hu, labels = null, lesions = null }) {
    Object.assign(this, geometry, { hu, labels, lesions, probability: null, version: 0 });
    [this.rowMm, this.columnMm] = geometry.pixel_mm;
    this.perSlice = this.rows * this.columns;
    const normal = cross(this.along_columns, this.along_rows);
    this.normal = normal[2] < 0 ? normal.map((one) => -one) : normal;
    this.heights = this.origins.map((one) => dot(minus(one, this.origins[0]), this.normal));
    const steps = this.heights.slice(1).map((one, k) => one - this.heights[k]);
    this.halfFirst = (steps[0] ?? 5) / 2;
    this.halfLast = (steps.at(-1) ?? 5) / 2;
  }

  /** One slice of an array. */
  slice(values, k) {
    return values.subarray(k * this.perSlice, (k + 1) * this.perSlice);
  }

  /** The place of a pixel's centre on a slice. */
  patient({ k, i, j }) {
    return this.origins[k].map((one, axis) =>
      one + i * this.rowMm * this.along_rows[axis] + j * this.columnMm * this.along_columns[axis]);
  }

  /** The slice nearest to a place, with the row and column there; kept inside the scan. */
  voxelAt(place) {
    const height = dot(minus(place, this.origins[0]), this.normal);
    let k = 0;
    while (k + 1 < this.n && height > (this.heights[k] + this.heights[k + 1]) / 2) k += 1;
    const off = minus(place, this.origins[k]);
    const within = (value, size) => Math.min(size - 1, Math.max(0, Math.round(value)));
    return {
      k,
      i: within(dot(off, this.along_rows) / this.rowMm, this.rows),
      j: within(dot(off, this.along_columns) / this.columnMm, this.columns),
    };
  }

  /** The smallest box with all voxels: [lowest, highest] of each patient axis. */
  box() {
    const places = [];
    for (let k = 0; k < this.n; k += 1) {
      for (const i of [-0.5, this.rows - 0.5]) for (const j of [-0.5, this.columns - 0.5]) places.push(this.patient({ k, i, j }));
    }
    const box = [0, 1, 2].map((axis) => [Math.min(...places.map((one) => one[axis])), Math.max(...places.map((one) => one[axis]))]);
    box[2][0] -= this.halfFirst;
    box[2][1] += this.halfLast;
    return box;
  }
}
