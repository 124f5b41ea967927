// The tools over the slices.

import { el } from "./dom.js";
import { home, source } from "./source.js";

const TOOLS = [["window", "Window", "w"], ["pan", "Move", "p"], ["ruler", "Ruler", "r"]];

/** Returns {place, key(event)}: the bar, and what its keys do. */
export function makeToolbar({ number, result, scan, volume, state, axial }) {
  const windows = result.windows.map((one) => {
    const button = el("button", { type: "button", title: `Level ${one.level}, width ${one.width} (${one.key})` }, one.name);
    button.addEventListener("click", () => state.set({ level: one.level, width: one.width }));
    return { ...one, button };
  });
  const tools = TOOLS.map(([tool, words, key]) => {
    const button = el("button", { type: "button", title: `Drag to do this (${key.toUpperCase()})` }, words);
    button.addEventListener("click", () => state.set({ tool }));
    return { tool, key, button };
  });
  const outlines = check("Outlines", state.outlines, (on) => state.set({ outlines: on }));
  const fill = el("input", { type: "range", min: 0, max: 100, value: 100 * state.fill, "aria-label": "Opacity of the outlined area" });
  fill.addEventListener("input", () => state.set({ fill: fill.value / 100 }));
  const probability = scan.has_probability && check("Probability", false, async (on) => {
    if (on && !volume.probability) volume.probability = new Uint8Array(await source.voxels(number, "probability"));
    state.set({ probability: on });
  });
  const zoom = [["−", "Zoom out (-)", 1 / 1.25], ["+", "Zoom in (+)", 1.25]].map(([words, title, factor]) => {
    const button = el("button", { type: "button", title, "aria-label": title }, words);
    button.addEventListener("click", () => axial.zoomBy(factor));
    return button;
  });
  const fit = el("button", { type: "button", title: "Whole slice (0)" }, "Fit");
  const fitted = { zoom: 1, panX: 0, panY: 0 };
  fit.addEventListener("click", () => state.set(fitted));
  const show = () => {
    for (const one of windows) one.button.setAttribute("aria-pressed", one.level === state.level && one.width === state.width);
    for (const one of tools) one.button.setAttribute("aria-pressed", one.tool === state.tool);
    outlines.box.checked = state.outlines;
    if (probability) probability.box.checked = state.probability;
  };
  state.on(show);
  show();
  const group = (label, buttons) => el("span", { className: "segments", role: "group", "aria-label": label }, buttons);
  const place = el("div", { className: "toolbar", role: "toolbar", "aria-label": "View" },
    source.only === undefined && el("a", { className: "button", href: home() }, source.me.home === null ? "List" : "Worklist"),
    group("Gray window", windows.map((one) => one.button)), group("Tool", tools.map((one) => one.button)),
    volume.labels && outlines.place, volume.labels && el("label", {}, "Opacity", fill), probability && probability.place,
    group("Zoom", [...zoom, fit]), volume.labels && legend(result, volume));
  const key = ({ key: pressed }) => {
    const named = windows.find((one) => one.key === pressed);
    const tool = tools.find((one) => one.key === pressed.toLowerCase());
    if (named) state.set({ level: named.level, width: named.width });
    else if (tool) state.set({ tool: tool.tool });
    else if (pressed === "o") state.set({ outlines: !state.outlines });
    else if (pressed === "b" && probability) probability.box.click();
    else if (pressed === "+" || pressed === "=") axial.zoomBy(1.25);
    else if (pressed === "-") axial.zoomBy(1 / 1.25);
    else if (pressed === "0") state.set(fitted);
    else if (pressed === "Delete") state.set({ rulers: state.rulers.filter((one) => one.k !== state.k) });
    else return false;
    return true;
  };
  return { place, key };
}

function check(words, checked, change) {
  const box = el("input", { type: "checkbox", checked });
  box.addEventListener("change", () => change(box.checked));
  return { box, place: el("label", {}, box, words) };
}

function legend(result, volume) {
  const there = new Set(volume.labels);
  return el("span", { className: "legend" }, result.colours.filter((one) => there.has(one.label)).map((one) =>
    el("span", { title: one.words }, el("i", { className: "dot", style: { "--colour": one.colour } }), one.name)));
}
