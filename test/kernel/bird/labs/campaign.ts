import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fetchBird } from "../fetch-bird.ts";
import { labOf } from "./all-labs.ts";
import { HOLD_OF_A_CLUSTER } from "./named/timers.ts";
import { playLabs } from "./play.ts";
import { keepLab } from "./regressions.ts";
import { withTrueTimers } from "./true-timers.ts";

export interface LabCampaign {
  readonly seed: number;
  /** New labs are begun until then (ms since 1970), and at least one batch is played. */
  readonly until: number;
  readonly keep: boolean;
  readonly say: (line: string) => void;
}

const AT_ONCE = 60;
/** Of each batch, so many labs are played with the timers of Calico's template as well. */
const TRUE_TIMERS = 8;

/**
 * Labs of fresh seeds on real BIRDs and in the emulation, until the time is over: true when none differed. What differs is kept
 * among the labs that the tests play.
 */
export async function labCampaign({ seed, until, keep, say }: LabCampaign): Promise<boolean> {
  const scratch = mkdtempSync(join(tmpdir(), "podpath-labs-"));
  try {
    const folder = fetchBird("bird", scratch);
    if (folder === null) {
      say("The labs need Debian's package bird (1.6), and apt-get offers none.");
      return false;
    }
    let played = 0;
    let differed = 0;
    for (let next = seed; played === 0 || Date.now() < until; next += AT_ONCE) {
      const labs = Array.from({ length: AT_ONCE }, (_, index) => labOf(next + index));
      const slow = labs
        .filter((lab) => lab.name.startsWith("seed "))
        .slice(0, TRUE_TIMERS)
        .map(withTrueTimers);
      if (played === 0) slow.push(HOLD_OF_A_CLUSTER.lab);
      for (const { lab, lines } of await playLabs(folder, [...labs, ...slow], labs.length + slow.length)) {
        differed++;
        say(`\n${lines.join("\n")}`);
        if (keep) say(`kept as ${keepLab(lab, lab.name.replace(/[^a-z0-9]+/g, "-"))}`);
      }
      played += labs.length + slow.length;
      say(`seeds ${next} to ${next + AT_ONCE - 1}: ${played} labs played, ${differed} of them differed`);
    }
    return differed === 0;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
