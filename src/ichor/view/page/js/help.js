// Keyboard and mouse.

import { showKeys } from "./keys.js";

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

export const showHelp = () => showKeys("Keyboard and mouse", KEYS);
