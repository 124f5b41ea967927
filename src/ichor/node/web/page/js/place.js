// Where the reader is in the list, kept through updates and reloads of this tab.

const KEPT = "ichor-worklist";

export const kept = { filter: "open", search: "", focus: null, top: 0, ...JSON.parse(sessionStorage.getItem(KEPT) ?? "{}") };

/** Keeps these values. What is searched for may be a name: it is not kept. */
export function keep(values) {
  Object.assign(kept, values);
  sessionStorage.setItem(KEPT, JSON.stringify({ ...kept, search: "" }));
}

/** Runs `change` of what is in a scrolled `box` so that the row with the focus, or the first one in sight, stays where it is. */
export function inPlace(box, change) {
  const focused = document.activeElement;
  const top = box.getBoundingClientRect().top;
  const edge = top + (box.querySelector("thead")?.offsetHeight ?? 0);
  const row = focused?.closest?.("tbody tr") ?? [...box.querySelectorAll("tbody tr")].find((one) => one.getBoundingClientRect().bottom > edge);
  const before = row && box.scrollTop > 0 ? row.getBoundingClientRect().top : null;
  change();
  if (focused && focused !== document.activeElement && box.contains(focused)) focused.focus({ preventScroll: true });
  if (before !== null && row.isConnected) box.scrollTop += row.getBoundingClientRect().top - before;
}

/**
 * The ids of rows in the order of the server, but those in `staying` after the row that they stand after now: who has just
 * decided on a study does not lose it from sight.
 */
export function arranged(shown, wanted, staying) {
  const order = wanted.filter((id) => !staying.has(id) || !shown.includes(id));
  for (const id of shown.filter((one) => staying.has(one))) {
    const before = shown.slice(0, shown.indexOf(id)).reverse().find((one) => order.includes(one));
    order.splice(before === undefined ? 0 : order.indexOf(before) + 1, 0, id);
  }
  return order;
}
