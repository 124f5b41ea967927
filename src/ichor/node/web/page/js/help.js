// The keys of the worklist.

import { showKeys } from "./keys.js";

const KEYS = [
  ["↑ ↓, K J", "previous or next study"],
  ["Home, End", "first or last study"],
  ["Enter", "open the study in the viewer"],
  ["A", "accept the result; again to withdraw"],
  ["R", "reject the result; again to withdraw"],
  ["C", "mark the result to be corrected; again to withdraw"],
  ["D", "details: analyses, deliveries, comment"],
  ["/", "search by patient"],
  ["1 2 3 4", "to decide, decided, problems, all"],
  ["U", "update now"],
];

export const showHelp = () => showKeys("Keyboard", KEYS);
