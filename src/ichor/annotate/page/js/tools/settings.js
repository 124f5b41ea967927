// The settings of tools, over the picture.

import { el, fill } from "../dom.js";
import { ballOf, brushMm } from "./ball.js";
import { refine } from "./refine.js";

/** What the brush paints: all voxels or only those in an HU range; on the slice shown, or in a ball across its neighbors. */
export function brushSettings(session) {
  const { brushing } = session;
  const range = el("span", { className: "tool-settings" },
    numberField(brushing, "lowest", "Brush: lowest HU"), "to", numberField(brushing, "highest", "Brush: highest HU"), "HU");
  const box = (name, words, title, disabled = false) => {
    const input = el("input", { type: "checkbox", checked: brushing[name], disabled });
    input.addEventListener("change", () => {
      brushing[name] = input.checked;
      session.emit("tool");
    });
    return el("label", { className: "check", title }, input, words);
  };
  const thresholded = box("thresholded", "HU range", "Paint only voxels in an HU range, by default that of blood");
  const known = Boolean(session.scan.slice_mm);
  const ball = box("ball", "3-D", known ? "A ball in mm that reaches over neighbouring slices" : "The distance of the slices is not known", !known);
  const reach = el("span", {});
  const panel = el("span", { className: "tool-settings" }, ball, reach, thresholded, range);
  shownWith(session, panel, ["brush", "eraser"], () => {
    thresholded.hidden = session.tool.id !== "brush";
    range.hidden = thresholded.hidden || !brushing.thresholded;
    const n = brushing.ball ? ballOf(session).size : 1;
    fill(reach, brushing.ball ? `${brushMm(session).toFixed(1)} mm: ${n === 1 ? "this slice only" : `${n} slices`}` : "");
  });
  return panel;
}

/** The limits of region growing. */
export function growSettings(session) {
  const field = (name, words, more) => numberField(session.growing, name, words, more);
  const mm = (words, id, name, title, more) => el("span", { className: "tool-settings" },
    el("label", { for: id }, words), field(name, title, { id, min: 0, ...more }), "mm");
  const panel = el("div", { className: "tool-settings" },
    el("span", { className: "tool-settings" },
      el("label", { for: "lowest-hu" }, "HU"), field("lowest", "Lowest HU", { id: "lowest-hu" }), "to", field("highest", "Highest HU")),
    mm("within", "grow-radius", "radius", "Radius in mm", { min: 1, max: 200 }),
    mm("off bone", "bone-margin", "margin", "Margin to bone in mm", { max: 20, step: 0.5 }),
    mm("smoothing", "grow-smoothing", "smoothing", "Smoothing in mm: thinner parts are left out", { max: 20, step: 0.5 }));
  shownWith(session, panel, ["grow"]);
  return panel;
}

/** Whether a plain click adds to regions or removes from them. */
export function refineSettings(session) {
  const choice = (adds, words, title) => el("button", {
    type: "button",
    title,
    onclick: () => {
      refine.adds = adds;
      session.emit("tool");
    },
  }, words);
  const add = choice(true, "+ Add", "Clicks add what is like the place that is clicked");
  const remove = choice(false, "− Remove", "Clicks remove what is similar to the clicked place (also: Alt or Shift + click)");
  const panel = el("div", { className: "tool-settings" },
    el("div", { className: "segments", role: "group", "aria-label": "Clicks" }, add, remove),
    el("span", {}, "Click or scribble; Alt or Shift removes"));
  shownWith(session, panel, ["refine"], () => {
    add.setAttribute("aria-pressed", String(refine.adds));
    remove.setAttribute("aria-pressed", String(!refine.adds));
  });
  return panel;
}

// A number that is stored in an object under a name; other input is ignored.
function numberField(kept, name, words, more = {}) {
  const input = el("input", { type: "number", className: "narrow", step: 1, "aria-label": words, title: words, value: kept[name], ...more });
  input.addEventListener("input", () => {
    if (input.value !== "" && input.checkValidity()) kept[name] = Number(input.value);
  });
  return input;
}

// Shows the settings of tools, by id, while one of them is selected.
function shownWith(session, panel, tools, more = () => null) {
  const update = (kind) => {
    if (kind !== "tool") return;
    panel.hidden = !tools.includes(session.tool.id);
    more();
  };
  session.listeners.push(update);
  update("tool");
}
