// Times in words.

const MINUTE = 60, HOUR = 3600, DAY = 86400;

/** How long something lasts, in s, by its two largest units: "2 h 5 min". */
export function lasting(seconds) {
  const s = Math.max(0, seconds);
  if (s < MINUTE) return "< 1 min";
  if (s < HOUR) return `${Math.floor(s / MINUTE)} min`;
  if (s < DAY) return `${Math.floor(s / HOUR)} h ${Math.floor((s % HOUR) / MINUTE)} min`;
  return `${Math.floor(s / DAY)} d ${Math.floor((s % DAY) / HOUR)} h`;
}

/** The age that DICOM writes as 072Y, or that at the study by the date of birth; "" where neither is known. */
export function age({ age: stated, birth_date: born, study_date: studied }) {
  const found = /^(\d{3})([DWMY])$/.exec(stated ?? "");
  if (found) return `${Number(found[1])} ${{ D: "d", W: "w", M: "mo", Y: "y" }[found[2]]}`;
  if (!born || !studied) return "";
  const [a, b] = [born, studied].map((one) => one.split("-").map(Number));
  return `${b[0] - a[0] - (b[1] < a[1] || (b[1] === a[1] && b[2] < a[2]) ? 1 : 0)} y`;
}
