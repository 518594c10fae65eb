import type { Lab } from "../lab.ts";
import { type Draw, draw } from "../make-lab.ts";
import { inSix } from "../six.ts";
import { bestChoice } from "./best-choice.ts";
import { communities } from "./communities.ts";
import { limits } from "./limits.ts";
import { longLived } from "./long-lived.ts";
import { nextHops } from "./next-hops.ts";
import { reflectors } from "./reflectors.ts";
import { sessions } from "./sessions.ts";

const TOPICS: readonly ((random: Draw, name: string) => Lab)[] = [
  bestChoice,
  reflectors,
  limits,
  communities,
  nextHops,
  longLived,
  sessions,
];

/** A lab of one topic, in turn; each fourth round is one of IPv6. */
export function makeTopicLab(seed: number): Lab {
  const topic = TOPICS[seed % TOPICS.length];
  if (topic === undefined) throw new Error("there are topics");
  const lab = topic(draw(seed), `topic ${seed}`);
  return Math.floor(seed / TOPICS.length) % 4 === 3 ? inSix(lab) : lab;
}
