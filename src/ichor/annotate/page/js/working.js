// Server operations on a layer, one at a time. Drawing is blocked meanwhile, so that the result overwrites nothing
// and a second click does not start it again.

import { adopt } from "./edit.js";
import { fetchLayer } from "./layer.js";
import { flush } from "./saver.js";

const CONFLICT = 409;

/**
 * Saves pending changes, runs `ask`, and calls the function that it resolves with, unless the scan was closed meanwhile.
 * `words` say what the page is busy with. Resolves with whether all of that happened.
 */
export async function working(session, words, ask) {
  if (session.busy || session.working) return false;
  setBusy(session, words);
  try {
    await flush(session.saver);
    if (session.saver.dirty.size) {
      session.say("Some changes are not saved yet.");
      return false;
    }
    const apply = await ask();
    if (session.closed) return false;
    apply?.();
    return true;
  } catch (error) {
    if (!session.closed) await explain(session, error);
    return false;
  } finally {
    setBusy(session, null);
  }
}

function setBusy(session, words) {
  session.busy = words;
  session.emit("status");
  session.emit("busy");
}

// If the layer has changed elsewhere, the newest version is shown with the message.
async function explain(session, error) {
  if (error.status === CONFLICT && !session.saver.dirty.size) {
    const { layer } = session;
    await fetchLayer(session.scan.id, layer.name, layer.size).then((fresh) => adopt(session, fresh), () => null);
  }
  session.say(error.message);
}
