// The state of the view: one object that views read, and that notifies them of changes once per frame.

/** A state with `set(changes)` and `on(listener)`; listeners get what changed since the last frame. */
export function makeState(values) {
  const listeners = new Set();
  let changed = null;
  const tell = () => {
    const all = changed;
    changed = null;
    for (const one of listeners) one(all);
  };
  return {
    ...values,
    set(changes) {
      Object.assign(this, changes);
      if (changed === null) requestAnimationFrame(tell);
      changed = { ...changed, ...changes };
    },
    /** Returns a function that removes the listener. */
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
