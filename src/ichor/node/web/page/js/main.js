// The worklist page: who is signed in, the list, and the keyboard.

import { getJson, postJson } from "./api.js";
import { banner } from "./banner.js";
import { el, fill } from "./dom.js";
import { showHelp } from "./help.js";
import { openList } from "./list.js";
import { readerKey, setReaderKey } from "./reader.js";

const root = document.getElementById("view");

async function begin() {
  if (!readerKey()) {
    const [session] = await getJson("/api/sessions");
    setReaderKey(session.key);
  }
  document.getElementById("drift").href = `drift.html?reader=${encodeURIComponent(readerKey())}`;
  const me = await getJson("/api/me");
  document.getElementById("role").textContent = me.role === "operator" ? "Operator" : "Viewer";
  document.getElementById("reader").textContent = me.name;
  const logout = document.getElementById("logout");
  logout.hidden = me.way === "link";
  logout.addEventListener("click", () => postJson("/api/logout").then(() => location.assign("/login"), (error) => banner(error.message)));
  const list = openList(root, me);
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "?") showHelp();
    else if (!list.key(event)) return;
    event.preventDefault();
  });
  await list.load();
  root.dataset.ready = "";
}

document.getElementById("help").addEventListener("click", showHelp);
begin().catch((error) => {
  if (error.login) location.assign(error.login);
  else fill(root, el("div", { className: "failed" }, el("p", {}, error.message)));
});
