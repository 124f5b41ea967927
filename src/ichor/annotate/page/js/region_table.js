// The regions of the layer shown: subtype, slices, area on this slice, volume. A click goes to the slice with the largest area.

import { el, fill } from "./dom.js";
import { measured, regionsOf } from "./regions.js";

const PAUSE_MS = 60;
const MOST_ROWS = 30;

/** The table, kept up to date with what is drawn. */
export function regionTable(session) {
  const body = el("tbody");
  const foot = el("tfoot");
  const more = el("p", { className: "soft" });
  const table = el("table", { className: "figures regions" },
    el("thead", {}, el("tr", {}, ["Region", "Slices", "This slice", "Volume"].map((words) => el("th", { scope: "col" }, words)))), body, foot);
  const place = el("section", { className: "measured", "aria-label": "Regions" }, el("h2", {}, "Regions"), table, more);
  let regions = [];
  const show = () => {
    const k = session.viewer.slice;
    place.hidden = regions.length === 0;
    fill(body, regions.slice(0, MOST_ROWS).map((region) => row(session, region, k)));
    fill(foot, regions.length > 1 ? total(session, regions, k) : null);
    fill(more, regions.length > MOST_ROWS ? `and ${regions.length - MOST_ROWS} smaller ones` : "");
  };
  let timer = 0;
  // A stroke changes regions many times a second.
  const count = () => {
    timer = 0;
    if (session.closed) return;
    const maps = new Map([...session.layer.slices].filter(([, slice]) => slice.map).map(([k, slice]) => [k, slice.map]));
    regions = regionsOf(maps, session.viewer.volume.columns);
    show();
  };
  session.listeners.push((kind) => {
    if (kind === "slice") show();
    if (kind === "layer" || kind === "status") timer ||= setTimeout(count, PAUSE_MS);
  });
  count();
  return place;
}

const nameOf = (session, label) => (label === 6 ? "ICH" : session.me.subtypes.find((one) => one.label === label).name);

function row(session, region, k) {
  const { mm2, ml } = measured(region, session.scan);
  const slices = [...region.areas.keys()];
  const [first, last] = [Math.min(...slices), Math.max(...slices)];
  const largest = slices.reduce((best, one) => (region.areas.get(one) > region.areas.get(best) ? one : best));
  const name = nameOf(session, region.label);
  return el("tr", {},
    el("th", { scope: "row" }, el("button", {
      type: "button",
      title: `Go to slice ${largest + 1}, where the area is largest`,
      onclick: () => session.goTo(largest),
    }, el("i", { className: "dot", style: { "--colour": session.colours[region.label] } }), name)),
    el("td", {}, first === last ? `${first + 1}` : `${first + 1}–${last + 1}`),
    el("td", {}, area(region.areas.get(k), mm2?.get(k))),
    el("td", {}, volume(region.size, ml)));
}

function total(session, regions, k) {
  const all = regions.map((region) => ({ ...measured(region, session.scan), px: region.areas.get(k) ?? 0, size: region.size }));
  const sum = (values) => values.reduce((one, other) => one + other, 0);
  const known = all[0];
  return el("tr", {}, el("th", { scope: "row" }, "All"), el("td", {}),
    el("td", {}, area(sum(all.map((one) => one.px)), known.mm2 && sum(all.map((one) => one.mm2.get(k) ?? 0)))),
    el("td", {}, volume(sum(all.map((one) => one.size)), known.ml === null ? null : sum(all.map((one) => one.ml)))));
}

const area = (px, mm2) => (!px ? "–" : mm2 ? `${mm2.toFixed(0)} mm²` : `${px} px`);
const volume = (px, ml) => (ml === null ? `${px} px` : `${ml.toFixed(ml < 10 ? 2 : 1)} mL`);
