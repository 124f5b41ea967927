// Every keyboard shortcut. The same table binds the keys and is shown in the help.

export const SHORTCUTS = [
  ["Slices", "slice.up", ["ArrowUp"], "Slice above"],
  ["Slices", "slice.down", ["ArrowDown"], "Slice below"],
  ["Slices", "slice.up5", ["PageUp"], "Five slices up"],
  ["Slices", "slice.down5", ["PageDown"], "Five slices down"],
  ["Slices", "slice.top", ["End"], "Highest slice"],
  ["Slices", "slice.bottom", ["Home"], "Lowest slice"],
  ["Slices", "slice.nextDrawn", ["Shift+ArrowUp"], "Next slice with a region, upward"],
  ["Slices", "slice.previousDrawn", ["Shift+ArrowDown"], "Next slice with a region, downward"],
  ["Gray window", "window.1", ["1"], "Brain window"],
  ["Gray window", "window.2", ["2"], "Bone window"],
  ["Gray window", "window.3", ["3"], "Subdural window"],
  ["Gray window", "window.4", ["4"], "Stroke window"],
  ["View", "zoom.in", ["+", "="], "Zoom in"],
  ["View", "zoom.out", ["-"], "Zoom out"],
  ["View", "zoom.fit", ["0"], "Fit to the window"],
  ["View", "outlines", ["X"], "Show or hide regions"],
  ["View", "planes", ["V"], "Coronal and sagittal views"],
  ["View", "compare", ["C"], "Side by side with the previous scan"],
  ["Tools", "tool.pan", ["H"], "Pan"],
  ["Tools", "tool.window", ["W"], "Window level and width by dragging"],
  ["Tools", "tool.ruler", ["R"], "Ruler"],
  ["Tools", "tool.cross", ["Q"], "Crosshair in all three views"],
  ["Tools", "tool.outline", ["O"], "Freehand outline"],
  ["Tools", "tool.polygon", ["P"], "Polygon"],
  ["Tools", "tool.brush", ["B"], "Brush"],
  ["Tools", "tool.eraser", ["E"], "Eraser"],
  ["Tools", "tool.grow", ["G"], "Region growing"],
  ["Tools", "tool.refine", ["K"], "Correct a region with clicks"],
  ["Tools", "tool.assign", ["A"], "Assign the subtype to a region"],
  ["Tools", "size.down", ["["], "Smaller brush"],
  ["Tools", "size.up", ["]"], "Larger brush"],
  ["Tools", "polygon.close", ["Enter"], "Close the polygon"],
  ["Tools", "polygon.back", ["Backspace"], "Remove the polygon's last corner"],
  ["Tools", "cancel", ["Escape"], "Cancel the current shape; with the ruler, remove its lines"],
  ["Regions", "subtype.1", ["Shift+1"], "Draw as IVH (intraventricular)"],
  ["Regions", "subtype.2", ["Shift+2"], "Draw as IPH (intraparenchymal)"],
  ["Regions", "subtype.3", ["Shift+3"], "Draw as SAH (subarachnoid)"],
  ["Regions", "subtype.4", ["Shift+4"], "Draw as EDH (epidural)"],
  ["Regions", "subtype.5", ["Shift+5"], "Draw as SDH (subdural)"],
  ["Regions", "subtype.6", ["Shift+6"], "Draw, subtype not specified"],
  ["Regions", "fill", ["F"], "Fill the holes of this slice's regions"],
  ["Regions", "smooth", ["S"], "Smooth this slice's regions"],
  ["Regions", "interpolate", ["I"], "Interpolate between the two nearest drawn slices"],
  ["Regions", "copy.below", [","], "Copy from the slice below"],
  ["Regions", "copy.above", ["."], "Copy from the slice above"],
  ["Regions", "clear", ["Delete"], "Clear this slice"],
  ["Regions", "undo", ["Ctrl+Z"], "Undo"],
  ["Regions", "redo", ["Ctrl+Shift+Z", "Ctrl+Y"], "Redo"],
  ["Slice labels", "label.IVH", ["Alt+1"], "IVH on or off"],
  ["Slice labels", "label.IPH", ["Alt+2"], "IPH on or off"],
  ["Slice labels", "label.SAH", ["Alt+3"], "SAH on or off"],
  ["Slice labels", "label.EDH", ["Alt+4"], "EDH on or off"],
  ["Slice labels", "label.SDH", ["Alt+5"], "SDH on or off"],
  ["Slice labels", "label.fracture", ["Alt+6"], "Fracture on or off"],
  ["Slice labels", "label.none", ["Alt+0"], "No hemorrhage on or off"],
  ["Slice labels", "note", ["N"], "Edit the slice's note"],
  ["Scan", "machine", ["M"], "Request AI outlines"],
  ["Scan", "ai.accept", ["J"], "Accept this slice's AI outline"],
  ["Scan", "ai.reject", ["Shift+J"], "Reject this slice's AI outline, or withdraw that"],
  ["Scan", "done", ["D"], "Finish or reopen the reading"],
  ["Scan", "history", ["Y"], "History of the scan"],
  ["Scan", "worklist", ["L"], "Back to the worklist"],
  ["Everywhere", "search", ["/"], "Search the worklist"],
  ["Everywhere", "help", ["?"], "This help"],
].map(([group, id, keys, does]) => ({ group, id, keys, does }));

export const GESTURES = [
  [["Wheel"], "Next slice up or down"],
  [["Ctrl + wheel"], "Zoom at the pointer"],
  [["Right drag"], "Window level (up, down) and width (left, right)"],
  [["Middle drag", "Space + drag"], "Pan"],
  [["Alt + outline"], "Erase the outlined area"],
  [["Alt (Shift) + click"], "Correct with clicks: remove"],
  [["Double click"], "Close the polygon"],
];

const byKey = new Map(SHORTCUTS.flatMap((shortcut) => shortcut.keys.map((key) => [key, shortcut.id])));

/**
 * "Ctrl+Shift+Z" for a keyboard event. Digit keys count by position where they are bound, because French keyboards type
 * symbols there, as do Macs with Alt. All other keys count as typed; AltGr, which some systems send as Ctrl + Alt, is ignored.
 */
export function nameOf(event) {
  const typed = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const graph = event.getModifierState("AltGraph");
  const names = [];
  if ((event.ctrlKey || event.metaKey) && !graph) names.push("Ctrl");
  if (event.altKey && !graph) names.push("Alt");
  const shifted = event.shiftKey ? [...names, "Shift"] : names;
  const digit = typed.length === 1 && !graph && /^(?:Digit|Numpad)(\d)$/.exec(event.code);
  const byPlace = digit ? [...shifted, digit[1]].join("+") : "";
  if (byKey.has(byPlace)) return byPlace;
  const sign = typed.length === 1 && !/[A-Z0-9]/.test(typed);
  return [...(sign ? names : shifted), typed].join("+");
}

/** Calls `actions()[id]` of the shortcut that was pressed. Text fields keep their keys; a dialog keeps all keys. */
export function bindKeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    if (event.target.closest("input:not([type=range], [type=checkbox]), textarea, select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const onButton = event.target.closest("button, a, summary") && ["Enter", " "].includes(event.key);
    const action = onButton ? undefined : actions()[byKey.get(nameOf(event))];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

const WORDS = { ArrowUp: "↑", ArrowDown: "↓", PageUp: "Page ↑", PageDown: "Page ↓", Escape: "Esc", Delete: "Del" };

/** A key in readable form. */
export const readable = (key) =>
  key === "+" ? key : key.split("+").map((part) => WORDS[part] ?? part).join(" + ");

/** What a button does and its key: "Brush (B)". */
export function tip(id) {
  const { does, keys } = SHORTCUTS.find((shortcut) => shortcut.id === id);
  return `${does} (${readable(keys[0])})`;
}
