import { differences } from "../compare.ts";
import { emulate } from "../emulate.ts";
import type { Lab } from "../lab.ts";
import { type DifferingLab, runReal } from "../play.ts";

/** On a busy machine timers of two releases may meet in another order than by themselves. */
const PLAYED_AGAIN = 2;

/** Plays labs that have BIRDs of 2, all at once; what differs is played again by itself, and told when it differs each time. */
export async function playSecond(
  first: string,
  second: string,
  labs: readonly Lab[],
): Promise<readonly DifferingLab[]> {
  let differing = await differingOf(first, second, labs);
  for (let again = 0; again < PLAYED_AGAIN && differing.length > 0; again++) {
    const labsAgain = differing.map(({ lab }) => lab);
    differing = await differingOf(first, second, labsAgain);
  }
  return differing;
}

async function differingOf(first: string, second: string, labs: readonly Lab[]): Promise<readonly DifferingLab[]> {
  const seen = await runReal(first, labs, second);
  return labs.flatMap((lab, index) => {
    const real = seen[index];
    if (real === undefined) return [{ lab, lines: [`${lab.name}: nothing was seen`] }];
    const lines = differences(lab, real, emulate(lab, real));
    return lines.length === 0 ? [] : [{ lab, lines }];
  });
}
