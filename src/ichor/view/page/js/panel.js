// What was found: verdict, lesions with their decisions, measurements.

import { makeDecide } from "./decide.js";
import { el } from "./dom.js";
import { makeMeasures } from "./measures.js";
import { source } from "./source.js";
import { makeTruth } from "./truth.js";
import { millilitres, millimetres, sides, slices } from "./words.js";

/** Returns {place, key, close}. */
export function makePanel({ number, result, volume, state, axial, stage }) {
  const decide = makeDecide(number, result);
  const items = result.lesions.map((lesion) => item(lesion, result, () => go(lesion), decide));
  const go = (lesion) => state.set({ k: lesion.centre_slice, lesion: lesion.number, cross: centre(volume, lesion) });
  const show = () => {
    for (const { lesion, place } of items) place.setAttribute("aria-current", lesion.number === state.lesion);
  };
  state.on(show);
  const measures = makeMeasures({ number, result, volume, state, axial, stage, decide });
  const place = el("aside", { className: "panel", "aria-label": "Findings", tabIndex: 0 },
    verdict(result, state, decide),
    source.me.rules && makeTruth(number),
    measures.place,
    result.segments && el("section", {}, el("h2", {}, `Lesions (${result.n_lesions})`),
      el("ol", { className: "lesions" }, items.map((one) => one.place)),
      result.n_lesions > items.length && el("p", { className: "soft" }, `The largest ${items.length} are listed.`)),
    measures.prior);
  const key = (event) => {
    if (event.key.toLowerCase() !== "n" || !items.length) return false;
    const at = (state.lesion ?? 0) - 1 + (event.key === "N" ? -1 : 1);
    const next = items[(at + items.length) % items.length];
    go(next.lesion);
    next.place.scrollIntoView({ block: "nearest" });
    return true;
  };
  return {
    place,
    key,
    close() {
      measures.close();
      decide.close();
    },
  };
}

function verdict(result, state, decide) {
  const volume = result.present && result.segments ? `, ${millilitres(result)}` : "";
  const words = `${result.verdict}: probability ${result.probability.toFixed(2)}${volume}`;
  const count = result.messages.length;
  return el("section", {}, el("h1", {}, result.patient ?? result.name), el("p", { className: "verdict" }, words),
    el("p", { className: "soft" }, `${result.flagged} of ${result.n_slices} slices flagged`),
    count > 0 && el("details", {}, el("summary", {}, `${count} warning${count === 1 ? "" : "s"}`),
      el("ul", {}, result.messages.map((one) => el("li", {}, one)))),
    decide.row("scan", "the whole scan", () => state.k), source.readOnly && aboutTheCopy());
}

function aboutTheCopy() {
  const words = source.leftOut.length ? ` It leaves out ${source.leftOut.join(", and ")}.` : "";
  return el("p", { className: "soft copy" }, `This is a read-only copy: decisions cannot be changed.${words}`);
}

function item(lesion, result, go, decide) {
  const colour = result.colours.find((one) => one.name === (lesion.subtype ?? "ICH"))?.colour;
  const facts = [
    lesion.largest_diameter_mm === null ? null : millimetres(lesion.largest_diameter_mm), slices(lesion.slices),
    sides[lesion.side], `probability ${lesion.probability.toFixed(2)}`,
  ].filter(Boolean).join(", ");
  const button = el("button", { type: "button", className: "go", title: "Show its largest slice" },
    el("b", {}, el("i", { className: "dot", style: { "--colour": colour } }), `${lesion.number}. ${lesion.title}, ${millilitres(lesion)}`),
    el("span", { className: "facts" }, facts));
  button.addEventListener("click", go);
  const place = el("li", {}, button, decide.row(lesion.number, `lesion ${lesion.number}`, () => lesion.centre_slice));
  return { lesion, place };
}

/** The pixel of a lesion on its largest slice that is nearest to its middle there. */
function centre(volume, { number, centre_slice: k }) {
  const pixels = [];
  volume.slice(volume.lesions, k).forEach((one, at) => one === number && pixels.push([Math.floor(at / volume.columns), at % volume.columns]));
  if (!pixels.length) return null;
  const middle = [0, 1].map((axis) => pixels.reduce((sum, one) => sum + one[axis], 0) / pixels.length);
  const far = (one) => Math.hypot(one[0] - middle[0], one[1] - middle[1]);
  const [i, j] = pixels.reduce((best, one) => (far(one) < far(best) ? one : best));
  return { k, i, j };
}
