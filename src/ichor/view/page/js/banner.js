// The line at the top that says what went wrong.

export function banner(words) {
  const place = document.getElementById("banner");
  place.hidden = !words;
  place.textContent = words;
}
