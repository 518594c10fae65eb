/**
 * What birdc prints of what its socket said: without the banner, the codes in front of lines, and the end. Lines of one reply have its
 * code once; those that follow have a blank instead.
 */
export function birdcOutput(said: string): string {
  return said
    .split("\n")
    .filter((line) => !/^0001 |^0000(?: |$)/.test(line))
    .map((line) => line.replace(/^\d{4}[- ]|^ /, ""))
    .join("\n")
    .trimEnd();
}

/** Times, what timers have left, and what depends on when exactly a session came up. */
function timeless(text: string): readonly string[] {
  return text
    .replaceAll(/\b\d\d:\d\d:\d\d\b/g, "TIME")
    .replaceAll(/\b\d{4}-\d\d-\d\d\b/g, "DATE")
    .replaceAll(/((?:timer|delay|wait):\s+)\d+\//g, "$1N/")
    .replaceAll(/timer is \d+\//g, "timer is N/")
    .split("\n")
    .map((line) => line.trimEnd());
}

/** Compares an answer of birdc line by line; of destinations that are `tied`, nothing but time decides. */
export function compareTexts(
  what: string,
  said: string,
  shown: string,
  tied: ReadonlySet<string>,
  add: (text: string) => void,
): void {
  if (tied.size > 0 && what.includes("show route")) return;
  const real = timeless(birdcOutput(said));
  const emulated = timeless(shown.trimEnd());
  const at = real.findIndex((line, index) => line !== emulated[index]);
  if (at < 0 && real.length === emulated.length) return;
  const index = at < 0 ? real.length : at;
  add(`${what}: line ${index + 1}: BIRD “${real[index] ?? ""}”, emulated “${emulated[index] ?? ""}”`);
}
