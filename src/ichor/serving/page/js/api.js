// Requests to the server. Status 0 means that there was no response.

import { HEADER, readerKey } from "./reader.js";

/** `login` is the path of the login page, if the server has one and the request had no session. */
export class ApiError extends Error {
  constructor(status, message, body = null, login = null) {
    super(message);
    this.status = status;
    this.body = body;
    this.login = login;
  }
}

async function request(method, path, body, more = {}) {
  const options = { method, credentials: "same-origin", headers: {}, ...more };
  if (readerKey()) options.headers[HEADER] = readerKey();
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new ApiError(0, "The server is not responding.");
  }
  if (response.ok) return response;
  const answer = await response.json().catch(() => null);
  throw new ApiError(response.status, answer?.error ?? answer?.detail ?? `The server returned status ${response.status}.`, answer, response.headers.get("Location"));
}

export const getJson = async (path) => (await request("GET", path)).json();
export const putJson = async (path, body) => (await request("PUT", path, body)).json();
/** `more` are options of fetch: with keepalive the request outlives the page. */
export const postJson = async (path, body = {}, more = {}) => (await request("POST", path, body, more)).json();
export const getBytes = async (path, more = {}) => (await request("GET", path, undefined, more)).arrayBuffer();

/** The path of a layer of a scan. */
export const layerPath = (scan, layer) => `/api/scans/${scan}/layers/${encodeURIComponent(layer)}`;
