// The error line at the top.

export function banner(words) {
  const place = document.getElementById("banner");
  place.hidden = !words;
  place.textContent = words;
}
