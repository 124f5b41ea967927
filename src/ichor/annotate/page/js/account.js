// Who is logged in: the name and role in the header, logging out, and what to do without a session.

import { postJson } from "./api.js";
import { banner } from "./dialogs.js";
import { fill } from "./dom.js";

const ROLES = { reader: "Reader", adjudicator: "Adjudicator", admin: "Admin" };

/** Shows who is logged in; `leave` resolves with whether the view may be left. */
export function showAccount(me, leave) {
  fill(document.getElementById("reader"), me.reader);
  fill(document.getElementById("role"), ROLES[me.role]);
  document.getElementById("project").hidden = !me.sees_project;
  const button = document.getElementById("logout");
  button.hidden = !me.logs_in;
  button.addEventListener("click", async () => {
    if (!(await leave())) return;
    await postJson("/api/logout").then(() => location.assign("/login"), (error) => banner(error.message));
  });
}

/** Without a session: the login page if there is one, otherwise a line about links. */
export function withoutSession(error) {
  if (error.login) location.assign(error.login);
  else if (error.status === 401) banner("Open this page with your reader's link, which `ichor annotate` prints when it starts. `ichor annotate link` prints a new one.");
  else banner(error.message);
}

/** What to do when a session ends while changes are not saved. */
export const sessionEnded = (error) => error.login
  ? "Your session has ended. Log in again in another tab, then come back. Your changes are kept here."
  : "Your session has ended. Open a new link from `ichor annotate link` in another tab, then come back. Your changes are kept here.";
