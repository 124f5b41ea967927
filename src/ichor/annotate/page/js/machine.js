// The machine's outlines, only when asked for. They are marked until a reader touches them.

import { postJson } from "./api.js";
import { openDialog } from "./dialogs.js";
import { replaceMaps } from "./edit.js";
import { isDrawn, revisionsOf } from "./layer.js";
import { decode, isEmpty } from "./runs.js";
import { working } from "./working.js";

const WORDS =
  "The shipped model outlines what it takes for hemorrhage, as a starting point. Slices that you have drawn on stay as " +
  "they are. Its outlines are dashed and marked as machine-made until you change them. Research use only; not a medical device.";

export async function askMachine(session) {
  if (!session.me.machine) return session.say("No model is installed with this server.");
  const choice = await openDialog("Ask for the machine's outlines?", WORDS, [["", "Cancel"], ["ask", "Ask", "primary"]]);
  if (choice !== "ask") return undefined;
  return working(session, "The model is reading the scan …", async () => {
    const body = { layer: session.layer.name, base: revisionsOf(session.layer) };
    const answer = await postJson(`/api/scans/${session.scan.id}/machine`, body);
    return () => take(session, answer.slices);
  });
}

function take(session, slices) {
  const maps = Object.entries(slices)
    .map(([k, runs]) => [Number(k), decode(runs, session.layer.size)])
    .filter(([k, map]) => !isDrawn(session.layer, k) && !isEmpty(map));
  if (maps.length) replaceMaps(session, maps, "ai");
  session.say(maps.length ? `The machine outlined ${count(maps.length)}.` : "The machine found nothing to outline.");
}

const count = (n) => (n === 1 ? "1 slice" : `${n} slices`);
