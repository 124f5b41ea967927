// Rulers on a slice.

/** The length of a ruler in words. */
export function length(ruler, volume) {
  const rows = ruler.to.i - ruler.from.i;
  const columns = ruler.to.j - ruler.from.j;
  return volume.known
    ? `${Math.hypot(rows * volume.rowMm, columns * volume.columnMm).toFixed(1)} mm`
    : `${Math.hypot(rows, columns).toFixed(0)} pixels`;
}

export function drawRulers(context, rulers, toScreen, volume) {
  context.font = "600 13px system-ui, sans-serif";
  for (const one of rulers) {
    const [a, b] = [toScreen(one.from.i, one.from.j), toScreen(one.to.i, one.to.j)];
    for (const [colour, width] of [["#000c", 4], ["#ffe27a", 1.75]]) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(...a);
      context.lineTo(...b);
      context.stroke();
    }
    context.lineWidth = 3.5;
    context.strokeStyle = "#000";
    context.fillStyle = "#ffe27a";
    const text = length(one, volume);
    context.strokeText(text, b[0] + 8, b[1] - 6);
    context.fillText(text, b[0] + 8, b[1] - 6);
  }
}
