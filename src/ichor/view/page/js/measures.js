// Measurements: midline shift, volumes of subtypes and sides, and the change since a prior scan.

import { el, fill } from "./dom.js";
import { makeMidline } from "./midline.js";
import { showPrior } from "./prior.js";
import { source } from "./source.js";
import { millilitres } from "./words.js";

/** Returns {place, close}; measurements that take time appear when they are ready. */
export function makeMeasures(shown) {
  const { number, result } = shown;
  const list = el("dl", { className: "measures" });
  const priorPlace = el("div", {});
  const place = el("section", { "aria-busy": "true" }, el("h2", {}, "Measurements"), list, priorPlace);
  const term = (words, ...said) => [el("dt", {}, words), el("dd", {}, said)];
  const volumes = result.subtypes.filter((one) => one.volume_ml !== 0).flatMap((one) =>
    term(one.subtype, `${millilitres(one)}, probability ${one.probability.toFixed(2)}`));
  fill(list, term("Midline shift", "measuring"), volumes);
  let prior = null;
  let closed = false;
  const measure = async () => {
    const found = await source.measures(number);
    const sides = found.sides_ml && ["right", "left"].map((side) => term(`On the ${side}`, millilitres({ volume_ml: found.sides_ml[side] })));
    fill(list, term("Midline shift", makeMidline(found, shown)), volumes, (sides ?? []).flat());
    place.removeAttribute("aria-busy");
    const earlier = await source.prior(number);
    if (earlier && !closed) prior = showPrior(earlier, priorPlace, shown);
  };
  measure().catch((error) => fill(priorPlace, el("p", { className: "soft" }, error.message)));
  return {
    place,
    close() {
      closed = true;
      prior?.close();
    },
  };
}
