// Correcting outlines in the annotation tool, and the outcome.

import { banner } from "./banner.js";
import { el } from "./dom.js";
import { source } from "./source.js";
import { askWho } from "./who.js";
import { millilitres, when } from "./words.js";

const OUTCOMES = { changed: "Corrected", removed: "Removed", unchanged: "Left unchanged" };

/** Returns {begin(slice, store), line(about, marked), onChange, close}. */
export function makeCorrect(number) {
  const shows = [];
  let found = null;
  let problem = "";

  async function look() {
    try {
      [found, problem] = [await source.correction(number), ""];
    } catch (error) {
      [found, problem] = [null, error.message];
    }
    for (const show of shows) show();
  }

  /** Opens the drawing at a slice in a new tab, once `store` has said that the decision is stored. */
  async function begin(slice, store = async () => true) {
    const who = await askWho();
    if (!who) return;
    // Immediately: browsers allow opening a tab only for a moment after a click.
    const tab = window.open("", "_blank");
    if (tab) tab.document.body.textContent = "Opening the annotation tool …";
    try {
      if (!(await store())) return tab?.close();
      const { link } = await source.correct(number, { who, slice });
      if (tab) tab.location.replace(link);
      else offer(link);
      look();
    } catch (error) {
      tab?.close();
      banner(error.message);
    }
    return undefined;
  }

  /** The outcome for the outlines of the scan or a lesion; `marked` is whether they were to be corrected. */
  function line(about, marked) {
    if (!found) return about === "scan" ? problem : "";
    const by = `by ${found.who}, ${when(found.when)}`;
    if (!found.done) return marked || about === "scan" ? `Drawing begun ${by}` : "";
    if (about === "scan") return `Corrected ${by}: ${millilitres(found)}`;
    const outcome = found.lesions[about];
    return outcome && (marked || outcome !== "unchanged") ? `${OUTCOMES[outcome]} ${by}` : "";
  }

  // When the person comes back from the other tab, show what was done there.
  window.addEventListener("focus", look);
  document.addEventListener("visibilitychange", look);
  look();
  return {
    begin,
    line,
    onChange: (show) => shows.push(show),
    close() {
      window.removeEventListener("focus", look);
      document.removeEventListener("visibilitychange", look);
    },
  };
}

/** The link to click if the browser refuses to open a tab. */
function offer(link) {
  const close = el("button", { type: "button" }, "Close");
  const go = el("a", { className: "button primary", href: link, target: "_blank", rel: "noopener" }, "Open the annotation tool");
  const dialog = el("dialog", { "aria-label": "Correct in the annotation tool" }, el("h2", {}, "Correct in the annotation tool"),
    el("p", {}, "The browser did not let this page open a new tab. The link works once."),
    el("div", { className: "row" }, close, go));
  for (const one of [close, go]) one.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
