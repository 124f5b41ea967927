// Volumes of subtypes.

import { el } from "./dom.js";
import { millilitres } from "./words.js";

export function makeMeasures({ result }) {
  const there = result.subtypes.filter((one) => one.volume_ml !== 0);
  const place = el("section", {}, el("h2", {}, "Volumes"), el("dl", { className: "measures" },
    there.flatMap((one) => [el("dt", {}, one.subtype), el("dd", {}, `${millilitres(one)}, probability ${one.probability.toFixed(2)}`)])));
  return { place, close() {} };
}
