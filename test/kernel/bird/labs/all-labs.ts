import type { Lab } from "./lab.ts";
import { makeLab } from "./make-lab.ts";
import { makeTopicLab } from "./topics/make-topic-lab.ts";

/** A lab of a seed: of two, one draws topology and faults, and one a topic with all that birdc tells of it. */
export function labOf(seed: number): Lab {
  return seed % 2 === 0 ? makeLab(seed / 2) : makeTopicLab((seed - 1) / 2);
}
