// Measurements: midline shift, volumes of subtypes and sides, and the change since a prior scan.

import { el, fill } from "./dom.js";
import { makeMidline, pendingMidline } from "./midline.js";
import { showPrior } from "./prior.js";
import { source } from "./source.js";
import { millilitres } from "./words.js";

const SIDES = ["right", "left"];

/** Returns {place, prior, close}: two sections. Measurements that take time appear when they are ready. */
export function makeMeasures(shown) {
  const { number, result } = shown;
  const list = el("dl", { className: "measures" });
  const priorPlace = el("section", { hidden: true });
  const place = el("section", { "aria-busy": "true" }, el("h2", {}, "Measurements"), list);
  const term = (words, ...said) => [el("dt", {}, words), el("dd", {}, said)];
  const volumes = result.subtypes.filter((one) => one.volume_ml !== 0).flatMap((one) =>
    term(one.subtype, `${millilitres(one)}, probability ${one.probability.toFixed(2)}`));
  const pendingSides = result.volume_ml == null ? [] : SIDES.flatMap((side) => term(`On the ${side}`, "measuring"));
  fill(list, term("Midline shift", pendingMidline()), volumes, pendingSides);
  let prior = null;
  let closed = false;
  const measure = async () => {
    const found = await source.measures(number);
    const sides = found.sides_ml && SIDES.map((side) => term(`On the ${side}`, millilitres({ volume_ml: found.sides_ml[side] })));
    fill(list, term("Midline shift", makeMidline(found, shown)), volumes, (sides ?? []).flat());
    place.removeAttribute("aria-busy");
    const earlier = await source.prior(number);
    if (!earlier || closed) return;
    prior = showPrior(earlier, priorPlace, shown);
    priorPlace.hidden = false;
  };
  measure().catch((error) => {
    fill(priorPlace, el("p", { className: "soft" }, error.message));
    priorPlace.hidden = false;
  });
  return {
    place,
    prior: priorPlace,
    close() {
      closed = true;
      prior?.close();
    },
  };
}
