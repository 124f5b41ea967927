// AI outlines, only on request. They are marked until a reader changes or accepts them.

import { postJson } from "./api.js";
import { openDialog } from "./dialogs.js";
import { replaceMaps } from "./edit.js";
import { isDrawn, labelsOf, revisionsOf } from "./layer.js";
import { decode, isEmpty } from "./runs.js";
import { working } from "./working.js";

const WORDS =
  "The shipped model outlines suspected hemorrhage as a starting point. Slices that you have drawn on, or whose AI " +
  "outline you have rejected, are not changed. AI outlines are dashed, and labeled as such until you change or accept them. Research use only; not a medical device.";

export async function askMachine(session) {
  if (!session.me.machine) return session.say("No model is installed on this server.");
  const choice = await openDialog("Request AI outlines?", WORDS, [["", "Cancel"], ["ask", "Request", "primary"]]);
  if (choice !== "ask") return undefined;
  return working(session, "The AI is analyzing the scan …", async () => {
    const body = { layer: session.layer.name, base: revisionsOf(session.layer) };
    const answer = await postJson(`/api/scans/${session.scan.id}/machine`, body);
    return () => take(session, answer.slices);
  });
}

function take(session, slices) {
  const maps = Object.entries(slices)
    .map(([k, runs]) => [Number(k), decode(runs, session.layer.size)])
    .filter(([k, map]) => !isDrawn(session.layer, k) && !labelsOf(session.layer, k).ai_rejected && !isEmpty(map));
  if (maps.length) replaceMaps(session, maps, "ai");
  session.say(maps.length ? `The AI outlined regions on ${count(maps.length)}.` : "The AI found nothing to outline.");
}

const count = (n) => (n === 1 ? "1 slice" : `${n} slices`);
