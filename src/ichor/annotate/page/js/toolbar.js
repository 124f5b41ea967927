// The tools on the left, and the settings above and over the picture.

import { el, icon } from "./dom.js";
import { ICONS } from "./icons.js";
import { tip } from "./keys.js";
import { chooseBrush } from "./session.js";
import { chooseLabel } from "./subtype.js";
import { brushSettings, growSettings, refineSettings } from "./tools/settings.js";

const GROUPS = [
  ["tool.pan", "tool.window", "tool.ruler", "tool.cross"],
  ["tool.outline", "tool.polygon", "tool.brush", "tool.eraser", "tool.refine", "tool.grow", "tool.assign"],
  ["fill", "smooth", "interpolate", "copy.below", "copy.above", "clear"],
  ["undo", "redo"],
  ["outlines", "planes", "compare", "zoom.fit"],
];

const ICON_OF = {
  "tool.pan": "pan", "tool.window": "window", "tool.ruler": "ruler", "tool.cross": "cross", "tool.outline": "outline",
  "tool.polygon": "polygon", "tool.brush": "brush", "tool.eraser": "eraser", "tool.grow": "grow", "tool.refine": "refine",
  "tool.assign": "assign", "copy.below": "below", "copy.above": "above", "zoom.fit": "fit",
};

const DRAWING = new Set([...GROUPS[1], ...GROUPS[2], ...GROUPS[3]]);

/** The column of tools; each button does what its shortcut does. */
export function toolColumn(session, actions) {
  const buttons = GROUPS.flat().map((id) =>
    el("button", {
      type: "button",
      className: "tool",
      title: tip(id),
      "aria-label": tip(id),
      data: { action: id },
      onclick: () => actions[id](),
    }, icon(ICONS[ICON_OF[id] ?? id])));
  const update = (kind) => {
    if (!["tool", "layer", "status"].includes(kind)) return;
    const closed = session.readOnly || Boolean(session.busy);
    for (const button of buttons) {
      const { action } = button.dataset;
      if (action.startsWith("tool.")) button.setAttribute("aria-pressed", String(action === `tool.${session.tool.id}`));
      if (action === "outlines") button.setAttribute("aria-pressed", String(session.shown));
      if (action === "planes") button.setAttribute("aria-pressed", String(Boolean(session.planes)));
      if (action === "compare") button.setAttribute("aria-pressed", String(Boolean(session.previous)));
      if (DRAWING.has(action)) button.disabled = closed;
      if (action === "undo" && !closed) button.disabled = session.done.length === 0;
      if (action === "redo" && !closed) button.disabled = session.undone.length === 0;
    }
  };
  session.listeners.push(update);
  update("tool");
  const groups = GROUPS.map((ids) => el("div", { className: "tool-group" }, buttons.filter((one) => ids.includes(one.dataset.action))));
  return el("div", { className: "tools", role: "toolbar", "aria-label": "Tools", "aria-orientation": "vertical" }, groups);
}

/** Windows with level and width, and the subtype to draw. */
export function settingsBar(session, actions) {
  return el("div", { className: "settings" },
    windowButtons(session, actions), levels(session), subtypeButtons(session));
}

function windowButtons(session, actions) {
  const buttons = session.me.windows.map((one) =>
    el("button", { type: "button", title: tip(`window.${one.key}`), onclick: () => actions[`window.${one.key}`]() },
      el("kbd", {}, one.key), one.name[0].toUpperCase() + one.name.slice(1)));
  const update = (kind) => {
    if (kind !== "window") return;
    session.me.windows.forEach(({ level, width }, i) => {
      const on = session.viewer.level === level && session.viewer.width === width;
      buttons[i].setAttribute("aria-pressed", String(on));
    });
  };
  session.listeners.push(update);
  update("window");
  return el("div", { className: "segments", role: "group", "aria-label": "Gray window" }, buttons);
}

function levels(session) {
  const field = (name, words) => {
    const input = el("input", { type: "number", id: `window-${name}`, step: 1, "aria-label": words, title: `${words} in HU` });
    // An empty field is not 0: it shows the current value again.
    input.addEventListener("change", () => session.setWindow(input.value === "" ? {} : { [name]: Number(input.value) }));
    return [el("label", { for: input.id }, words[0]), input];
  };
  const [levelLabel, level] = field("level", "Level");
  const [widthLabel, width] = field("width", "Width");
  const update = (kind) => {
    if (kind !== "window") return;
    level.value = session.viewer.level;
    width.value = session.viewer.width;
  };
  session.listeners.push(update);
  update("window");
  return el("div", { className: "levels" }, levelLabel, level, widthLabel, width);
}

function subtypeButtons(session) {
  const buttons = session.me.subtypes.map((one) =>
    el("button", {
      type: "button",
      title: tip(`subtype.${one.label}`),
      "aria-label": `Draw as ${one.label === 6 ? "hemorrhage, subtype not specified" : one.name}`,
      onclick: () => chooseLabel(session, one.label),
      style: { "--colour": one.colour },
    }, el("i", { className: "dot" }), one.label === 6 ? "?" : one.name));
  const update = (kind) => {
    if (kind !== "tool") return;
    buttons.forEach((button, i) =>
      button.setAttribute("aria-pressed", String(session.me.subtypes[i].label === session.label)));
  };
  session.listeners.push(update);
  update("tool");
  return el("div", { className: "segments subtypes", role: "group", "aria-label": "Subtype to draw" }, buttons);
}

/** The settings of the chosen tool, over the picture, so that it does not move when they appear. */
export function toolSettings(session) {
  const size = el("input", { type: "range", id: "brush-size", min: 1, max: 120, step: 1 });
  const exact = el("input", { type: "number", min: 1, max: 400, "aria-label": "Size in pixels" });
  for (const input of [size, exact]) input.addEventListener("input", () => input.value && chooseBrush(session, Number(input.value)));
  const brush = el("div", { className: "tool-settings" }, el("label", { for: "brush-size" }, "Size"), size, exact, "px", brushSettings(session));
  const update = (kind) => {
    if (kind !== "tool") return;
    brush.hidden = !["brush", "eraser"].includes(session.tool.id);
    size.value = session.brush;
    if (document.activeElement !== exact) exact.value = session.brush;
  };
  session.listeners.push(update);
  update("tool");
  return el("div", { className: "of-tool" }, brush, growSettings(session), refineSettings(session));
}
