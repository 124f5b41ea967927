// A prior scan of the same patient next to this one, and what changed.

import { makeAxial } from "./axial.js";
import { el, fill } from "./dom.js";
import { source } from "./source.js";
import { makeState } from "./state.js";
import { loadVolume } from "./load.js";
import { millilitres } from "./words.js";

const SHARED = ["level", "width", "fill", "outlines", "tool"];

/** Fills `place` with the change; a button shows the prior next to the scan. Returns {close}. */
export function showPrior(prior, place, { state, volume, stage }) {
  let view = null;
  const button = el("button", { type: "button", "aria-pressed": "false" }, "Show beside");
  const toggle = async () => {
    button.disabled = true;
    if (view) {
      view.close();
      view.place.remove();
      view = null;
    } else {
      view = await open(prior, state, volume);
      stage.append(view.place);
    }
    stage.classList.toggle("with-prior", Boolean(view));
    button.setAttribute("aria-pressed", Boolean(view));
    button.disabled = false;
  };
  button.addEventListener("click", toggle);
  fill(place, el("h2", {}, "Prior scan of the same patient"), el("p", {}, source.only === undefined ? el("a", { href: `#/result/${prior.number}` }, prior.name) : prior.name, " ", button),
    table(prior.change), el("p", { className: "soft" }, "Lesions are matched by their position in the head; the scans are not registered."));
  return { close: () => view?.close() };
}

async function open(prior, state, volume) {
  const result = await source.result(prior.number);
  const loaded = await loadVolume(prior.number);
  // Slices at the same distance from the top are matched.
  const level = (k) => {
    const below = volume.heights.at(-1) - volume.heights[k];
    const away = loaded.volume.heights.map((one) => Math.abs(loaded.volume.heights.at(-1) - one - below));
    return away.indexOf(Math.min(...away));
  };
  const shared = () => Object.fromEntries(SHARED.map((key) => [key, state[key]]));
  const own = makeState({ ...shared(), k: level(state.k), probability: false, zoom: 1, panX: 0, panY: 0, cross: null, rulers: [] });
  const axial = makeAxial(loaded.volume, result, own, { name: "Prior" });
  const stop = state.on((changed) => own.set({ ...shared(), ...("k" in changed ? { k: level(state.k) } : {}) }));
  return {
    place: axial.place,
    close() {
      stop();
      axial.close();
    },
  };
}

function table({ total_ml: total, lesions }) {
  const ml = (value) => millilitres({ volume_ml: value });
  const difference = (now, before) => (now === null || before === null ? "" : `${now >= before ? "+" : "−"}${Math.abs(now - before).toFixed(1)} mL`);
  const row = (name, now, before) => el("tr", {}, el("th", { scope: "row" }, name), el("td", { className: "digits" }, ml(before)),
    el("td", { className: "digits" }, ml(now)), el("td", { className: "digits" }, difference(now, before)));
  const name = (one) => (one.now === null ? `Prior lesion ${one.before}: gone` : `Lesion ${one.now}${one.before === null ? ": new" : ""}`);
  const heads = ["", "Before", "Now", "Change"].map((words, at) => el("th", { scope: "col", className: at ? "digits" : "" }, words));
  return el("table", { className: "change" }, el("thead", {}, el("tr", {}, heads)),
    el("tbody", {}, row("Total", total.now, total.before), lesions.map((one) => row(name(one), one.now_ml, one.before_ml))));
}
