// Where results come from: the server, or the data inside a copy of one result.

import { getBytes, getJson, postJson, putJson } from "./api.js";
import { copied } from "./copied.js";
import { readerKey, setReaderKey } from "./reader.js";

const at = (number, what = "") => `/api/results/${number}${what}`;

const server = {
  readOnly: false,
  me: null,
  /** Without a key in the address, this browser's own session is used. */
  async begin() {
    if (!readerKey()) {
      const [session] = await getJson("/api/sessions");
      setReaderKey(session.key);
    }
    this.me = await getJson("/api/me");
  },
  list: () => getJson("/api/results"),
  result: (number) => getJson(at(number)),
  scan: (number) => getJson(at(number, "/scan")),
  voxels: (number, what) => getBytes(at(number, `/voxels/${what}`)),
  measures: (number) => getJson(at(number, "/measures")),
  prior: (number) => getJson(at(number, "/prior")),
  correct: (number, asked) => postJson(at(number, "/correction"), asked),
  correction: (number) => getJson(at(number, "/correction")),
  validation: () => getJson("/api/validation"),
  truth: (number) => getJson(at(number, "/truth")),
  rule: (number, asked) => putJson(at(number, "/truth"), asked),
  decide: (number, decision) => putJson(at(number, "/decisions"), decision),
};

export const source = copied() ?? server;

/** The address of the list that results are opened from. */
export const home = () => (source.me.home === null ? "#/" : `${source.me.home}?reader=${encodeURIComponent(readerKey())}`);
