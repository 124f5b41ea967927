// Keyboard and mouse.

import { el } from "./dom.js";

const KEYS = [
  ["Wheel, ↑ ↓", "next or previous slice"],
  ["Page Up, Page Down", "five slices"],
  ["Home, End", "lowest or highest slice"],
  ["1 2 3 4", "brain, bone, stroke, subdural window"],
  ["Drag", "what the tool does: level and width (W), move (P), ruler (R)"],
  ["Right drag", "level (up and down) and width (left and right)"],
  ["Shift + drag", "move the picture"],
  ["Ctrl + wheel, + −", "zoom; 0 fits"],
  ["Click", "crosshair in all three views"],
  ["O", "outlines on or off"],
  ["B", "probability on or off"],
  ["N, Shift + N", "next or previous lesion"],
  ["Delete", "remove the rulers of this slice"],
];

export function showHelp() {
  const close = el("button", { type: "button", autofocus: true }, "Close");
  const dialog = el("dialog", { "aria-label": "Keyboard and mouse" }, el("h2", {}, "Keyboard and mouse"),
    el("dl", {}, KEYS.flatMap(([key, words]) => [el("dt", {}, key), el("dd", {}, words)])),
    el("div", { className: "row" }, close));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
