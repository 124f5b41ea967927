// A result's scan, from the source.

import { source } from "./source.js";
import { Volume } from "./placed_volume.js";

/** The scan of a result with its voxels. */
export async function loadVolume(number) {
  const scan = await source.scan(number);
  const [hu, labels, lesions] = await Promise.all([
    source.voxels(number, "hu"),
    scan.has_mask ? source.voxels(number, "labels") : null,
    scan.has_mask ? source.voxels(number, "lesions") : null,
  ]);
  const bytes = (buffer) => buffer && new Uint8Array(buffer);
  return { scan, volume: new Volume(scan, { hu: new Int16Array(hu), labels: bytes(labels), lesions: bytes(lesions) }) };
}
