import { differences } from "../compare.ts";
import { emulate } from "../emulate.ts";
import type { Lab } from "../lab.ts";
import { type DifferingLab, runReal } from "../play.ts";
import { seenAlike, shownAlike, whyNotAlike } from "./like-first.ts";

/** Plays labs that have BIRDs of 2, all at once; what differs is played again by itself, and told when it differs twice. */
export async function playSecond(
  first: string,
  second: string,
  labs: readonly Lab[],
): Promise<{ readonly compared: number; readonly differing: readonly DifferingLab[] }> {
  const compared = labs.filter((lab) => whyNotAlike(lab) === null);
  let differing = await differingOf(first, second, compared);
  if (differing.length > 0)
    differing = await differingOf(
      first,
      second,
      differing.map(({ lab }) => lab),
    );
  return { compared: compared.length, differing };
}

async function differingOf(first: string, second: string, labs: readonly Lab[]): Promise<readonly DifferingLab[]> {
  const seen = await runReal(first, labs, second);
  return labs.flatMap((lab, index) => {
    const real = seen[index];
    if (real === undefined) return [{ lab, lines: [`${lab.name}: nothing was seen`] }];
    const lines = differences(lab, seenAlike(real, lab), shownAlike(emulate(lab, real), lab));
    return lines.length === 0 ? [] : [{ lab, lines }];
  });
}
