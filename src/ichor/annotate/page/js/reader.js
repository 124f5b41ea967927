// Whose page this is. The address says it by the reader's key, which every request carries: another reader's link that is
// opened in another tab of this browser changes nothing here.

export const HEADER = "Ichor-Reader";

let key = new URLSearchParams(location.search).get("reader");

export const readerKey = () => key;

/** Writes the key into the address, so that a reload, a copy of the tab and a bookmark are the same reader's. */
export function setReaderKey(ofReader) {
  key = ofReader;
  history.replaceState(null, "", `?reader=${encodeURIComponent(key)}${location.hash}`);
}
