// The 3-D brush: a ball, in mm, across neighboring slices.

import { USUAL_PIXEL_MM } from "./growing.js";

const pixelMm = ({ scan }) => {
  const [rowMm, columnMm] = scan.pixel_mm ?? USUAL_PIXEL_MM;
  return (rowMm + columnMm) / 2;
};

/** The brush's diameter in mm. */
export const brushMm = (session) => session.brush * pixelMm(session);

/** A Map from each slice that the ball around the slice shown reaches to its diameter there, in pixels. */
export function ballOf(session) {
  const { brush, scan, viewer } = session;
  const radius = brushMm(session) / 2;
  const result = new Map([[viewer.slice, brush]]);
  scan.slice_mm?.forEach((mm, k) => {
    const away = Math.abs(mm - scan.slice_mm[viewer.slice]);
    if (k !== viewer.slice && away < radius) result.set(k, (2 * Math.sqrt(radius * radius - away * away)) / pixelMm(session));
  });
  return result;
}
