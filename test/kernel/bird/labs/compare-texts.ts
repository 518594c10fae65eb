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

/**
 * Times, what timers have left, and how often a route was told on the way to where all have settled: that depends on which of two
 * neighbours came first.
 */
function timeless(text: string): readonly string[] {
  return text
    .replaceAll(/\b\d\d:\d\d:\d\d\b/g, "TIME")
    .replaceAll(/\b\d{4}-\d\d-\d\d\b/g, "DATE")
    .replaceAll(/((?:timer|delay|wait):\s+)\d+\//g, "$1N/")
    .replaceAll(/\d+ exported/g, "N exported")
    .replaceAll(/(import|export) (updates|withdraws):.*/gi, "$1 $2")
    .replaceAll(/timer is \d+\//g, "timer is N/")
    .split("\n")
    .map((line) => line.trimEnd());
}

/** Of sessions on their way nothing is compared here: they are asked again and again, and met at some time. */
function settledOnly(lines: readonly string[]): readonly string[] {
  let settled = true;
  return lines.filter((line) => {
    const state = /^\S+ +[A-Z]\w+ +\w+ +(\w+) /.exec(line)?.[1];
    if (state !== undefined) settled = state === "up" || state === "down";
    return settled;
  });
}

/** The best route of a destination comes first; behind it they come in the order in which they were told. */
function inSomeOrder(lines: readonly string[]): readonly string[] {
  const nets: string[][] = [];
  for (const line of lines) {
    const net = nets.at(-1);
    const route = net?.at(-1);
    if (net === undefined || route === undefined || /^\S/.test(line)) nets.push([line]);
    else if (line.startsWith("\t")) net[net.length - 1] = `${route}\n${line}`;
    else net.push(line);
  }
  return nets.flatMap(([best = "", ...others]) => [best, ...others.sort()]);
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
  const lines = (text: string): readonly string[] =>
    what.includes("show route") ? inSomeOrder(timeless(text)) : settledOnly(timeless(text));
  const real = lines(birdcOutput(said));
  const emulated = lines(shown.trimEnd());
  const at = real.findIndex((line, index) => line !== emulated[index]);
  if (at < 0 && real.length === emulated.length) return;
  const index = at < 0 ? real.length : at;
  add(`${what}: line ${index + 1}: BIRD “${real[index] ?? ""}”, emulated “${emulated[index] ?? ""}”`);
}
