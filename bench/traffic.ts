import { randomNumbers } from "./benchmark.ts";
import { clusterIp, linearPort, linearSource } from "./rulesets.ts";

/** Distinct packets of a measurement: more than a branch predictor can learn by heart. */
export const PACKETS = 65_536;

/** The fields in which the packets differ, as numbers. */
export interface Flow {
  readonly src: number;
  readonly dst: number;
  readonly protocol: 6 | 17;
  readonly sport: number;
  readonly dport: number;
}

/**
 * Every second packet meets a rule, each rule as likely as another; a quarter has the source of a rule and another
 * port, a quarter comes from somewhere else: three quarters of the rules are tried on average.
 */
export function linearFlows(rules: number): readonly Flow[] {
  const random = randomNumbers(rules);
  return Array.from({ length: PACKETS }, (_, index) => {
    const rule = random(rules);
    const kind = random(4);
    return {
      src: kind === 3 ? 0x0ab0_0000 + random(0x10000) : linearSource(rule),
      dst: 0x0ad0_0000 + random(0x10000),
      protocol: 17,
      sport: 1024 + (index % 60_000),
      dport: kind < 2 ? linearPort(rule) : 40_000 + random(20_000),
    };
  });
}

/** Openings of new connections, each to a random Service. */
export function serviceFlows(services: number): readonly Flow[] {
  const random = randomNumbers(services + 1);
  return Array.from({ length: PACKETS }, (_, index) => ({
    src: 0x0ab0_0000 + (index % 4096),
    dst: clusterIp(random(services)),
    protocol: 6,
    sport: 2048 + (index >>> 12) * 97 + random(97),
    dport: 80,
  }));
}
