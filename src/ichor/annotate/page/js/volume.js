// The scan's voxels: from the server's bytes to HU, and from HU to gray.

const AIR = -1024;
const HEADER = 352;
const RGBA32 = 2304;

/** {hu: Int16Array, n, rows, columns, arrived} of a scan's shape, without voxels yet; `arrived` are the slices that have them. */
export function emptyVolume([n, rows, columns]) {
  return { hu: new Int16Array(n * rows * columns).fill(AIR), n, rows, columns, arrived: new Set() };
}

/** Puts a slice into a volume: all low bytes, then all high bytes, of zigzag differences (the server's voxels.py). */
export function takeSlice(volume, k, bytes) {
  const size = volume.rows * volume.columns;
  if (bytes.length !== 2 * size) throw new Error(`expected ${2 * size} bytes of a slice, found ${bytes.length}`);
  const hu = volume.hu.subarray(k * size, (k + 1) * size);
  for (let at = 0, sum = 0; at < size; at++) {
    const zigzag = bytes[at] | (bytes[at + size] << 8);
    sum += (zigzag >>> 1) ^ -(zigzag & 1);
    hu[at] = sum; // modulo 2 ** 16
  }
  volume.arrived.add(k);
}

/**
 * A NIfTI file of 2 x 2 x 2 voxels that fills the same space as the volume, from which NiiVue takes the scan's position.
 *
 * The grid is centered on 0 mm, with slices 1 mm apart; columns go to the patient's left, rows to posterior: the server
 * sends data in radiological order.
 */
export function standIn({ n, rows, columns }, pixelMm) {
  const [rowMm, columnMm] = pixelMm ?? [1, 1];
  const [x, y, z] = [(columns * columnMm) / 2, (rows * rowMm) / 2, n / 2];
  const buffer = new ArrayBuffer(HEADER + 4 * 8);
  const view = new DataView(buffer);
  view.setInt32(0, 348, true);
  [3, 2, 2, 2, 1, 1, 1, 1].forEach((value, i) => view.setInt16(40 + 2 * i, value, true));
  view.setInt16(70, RGBA32, true);
  view.setInt16(72, 32, true);
  [1, x, y, z, 0, 0, 0, 0].forEach((value, i) => view.setFloat32(76 + 4 * i, value, true));
  view.setFloat32(108, HEADER, true);
  view.setFloat32(112, 1, true);
  view.setInt16(254, 1, true);
  [-x, 0, 0, x / 2, 0, -y, 0, y / 2, 0, 0, z, 0].forEach((value, i) => view.setFloat32(280 + 4 * i, value, true));
  [0x6e, 0x2b, 0x31, 0].forEach((value, i) => view.setUint8(344 + i, value));
  return buffer;
}

/** Gray 0..255 of HU in a window. */
export const grayOf = (hu, level, width) => Math.min(255, Math.max(0, ((hu - level) / width + 0.5) * 255));
