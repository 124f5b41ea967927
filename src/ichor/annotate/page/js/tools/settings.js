// The settings of tools, over the picture.

import { el } from "../dom.js";
import { refine } from "./refine.js";

/** Whether a plain click adds to regions or takes away from them. */
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
  const remove = choice(false, "− Remove", "Clicks take away what is like the place that is clicked (also: Alt or Shift + click)");
  const panel = el("div", { className: "tool-settings" },
    el("div", { className: "segments", role: "group", "aria-label": "Clicks" }, add, remove),
    el("span", {}, "Click or scribble; Alt or Shift removes"));
  const update = (kind) => {
    if (kind !== "tool") return;
    panel.hidden = session.tool.id !== "refine";
    add.setAttribute("aria-pressed", String(refine.adds));
    remove.setAttribute("aria-pressed", String(!refine.adds));
  };
  session.listeners.push(update);
  update("tool");
  return panel;
}
