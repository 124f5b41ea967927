// Numbers in words.

/** A volume in mL, or in voxels if the spacing is unknown; "" for a detector. */
export function millilitres({ volume_ml: ml, volume_px: px }) {
  if (ml === null || ml === undefined) return px === null || px === undefined ? "" : `${px} voxels`;
  return ml === 0 ? "0 mL" : ml < 0.05 ? "< 0.1 mL" : `${ml.toFixed(1)} mL`;
}

/** A length in whole mm. */
export const millimetres = (mm) => (mm < 1 ? "< 1 mm" : `${mm.toFixed(0)} mm`);

/** Slices, counted from 1. */
export const slices = ([low, high]) => (low === high ? `slice ${low + 1}` : `slices ${low + 1} to ${high + 1}`);

export const sides = { right: "right side", left: "left side", midline: "midline" };

/** When a decision was made, in the reader's own time. */
export const when = (iso) => new Date(iso).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
