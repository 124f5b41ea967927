// The scan's voxels: from a NIfTI file to HU, and from HU to gray.

const HEADER = 352;
const INT16 = 4;
const RGBA32 = 2304;

/** {hu: Int16Array, n, rows, columns} of an int16 NIfTI-1 file, gzipped or not. */
export async function readVolume(bytes) {
  const head = new Uint8Array(bytes, 0, 2);
  const gzipped = head[0] === 0x1f && head[1] === 0x8b;
  const plain = gzipped ? await gunzip(bytes) : bytes;
  const view = new DataView(plain);
  const [columns, rows, n] = [42, 44, 46].map((at) => view.getInt16(at, true));
  const [type, offset] = [view.getInt16(70, true), view.getFloat32(108, true)];
  if (view.getInt32(0, true) !== 348 || type !== INT16) {
    throw new Error(`expected a little-endian NIfTI file of int16, found data type ${type}`);
  }
  return { hu: new Int16Array(plain.slice(offset, offset + 2 * n * rows * columns)), n, rows, columns };
}

function gunzip(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/**
 * A NIfTI file of 2 x 2 x 2 voxels that fills the same room as the volume, from which NiiVue takes the scan's place.
 *
 * The grid is centred on 0 mm, slices 1 mm apart; columns go to the patient's left, rows to posterior: what the server
 * sends is in radiological order.
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
