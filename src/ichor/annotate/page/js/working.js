// What is asked of the server for a layer as a whole, and takes a while: one thing at a time, while drawing waits, so that
// nothing is drawn over by the answer and no second click asks for it again.

import { adopt } from "./edit.js";
import { fetchLayer } from "./layer.js";
import { flush } from "./saver.js";

const CONFLICT = 409;

/**
 * Saves what is not saved yet, asks, and does what `ask` resolves with, unless the scan was left meanwhile. `words` say
 * what the page is busy with. Returns whether it came to that.
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

// Of a layer that was changed elsewhere the page shows the newest before it says so.
async function explain(session, error) {
  if (error.status === CONFLICT && !session.saver.dirty.size) {
    const { layer } = session;
    await fetchLayer(session.scan.id, layer.name, layer.size).then((fresh) => adopt(session, fresh), () => null);
  }
  session.say(error.message);
}
