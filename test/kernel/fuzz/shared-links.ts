import fc from "fast-check";
import { z } from "zod";
import type { Lab, LabHost } from "../harness/lab.ts";

export const SEGMENTS = ["lan", "far"] as const;
export type Segment = (typeof SEGMENTS)[number];

const machineSchema = z.object({
  name: z.enum(["A", "B", "R1", "R2", "R3", "R4"]),
  /** Its addresses on each segment that it is at; the device is named after the segment. */
  at: z.object({ lan: z.array(z.string()).optional(), far: z.array(z.string()).optional() }),
  routes: z.array(z.string()),
  rules: z.array(z.string()),
  sysctls: z.record(z.string(), z.string()),
  listen: z.array(z.string()),
});
export type Machine = z.infer<typeof machineSchema>;

/**
 * Machines on two shared links: A on `lan`, B on `far`, routers on `lan` and some of them on `far`. Behind A are 10.1.0.0/16,
 * behind B 10.2.0.0/16.
 */
export const sharedLinksSchema = z.object({
  machines: z.array(machineSchema),
  /** Everybody knows the MAC address of everybody on the link; else they ask. */
  staticNeighbours: z.boolean(),
  /** B answers for itself. */
  answers: z.boolean(),
});
export type SharedLinks = z.infer<typeof sharedLinksSchema>;

export type Name = Machine["name"];

/** Last byte of a machine's addresses; .1 to .6 are one subnet of 29 bits, in which .6 is nobody. */
const NUMBER: Readonly<Record<Name, number>> = { R1: 1, A: 2, R2: 3, R3: 4, R4: 5, B: 2 };
export const SUBNET: Readonly<Record<Segment, string>> = { lan: "10.0.0", far: "10.0.2" };
export const NOBODY: Readonly<Record<Segment, string>> = { lan: "10.0.0.6", far: "10.0.2.6" };

export const primary = (segment: Segment, name: Name): string => `${SUBNET[segment]}.${NUMBER[name]}`;
/** A second address in the same subnet, from which redirects do not come. */
export const alias = (segment: Segment, name: Name): string => `${SUBNET[segment]}.${NUMBER[name] + 20}`;
/** An address of another subnet of the same link. */
export const foreign = (segment: Segment, name: Name): string => `10.${segment === "lan" ? 5 : 6}.0.${NUMBER[name]}`;

/** Addresses of A that it sends from: routers count the redirects of each source. */
export const SOURCES = Array.from({ length: 24 }, (_, index) => `10.0.0.${129 + index}`);

/** One machine's place in the world while its routes are drawn. */
export interface Place {
  readonly name: Name;
  readonly segments: readonly Segment[];
}

export function addressesOf({ name, segments }: Place, narrow: boolean): Machine["at"] {
  const on = (segment: Segment): string[] => [
    `${primary(segment, name)}/${narrow ? 29 : 24}`,
    `${alias(segment, name)}/${narrow ? 32 : 24}`,
    `${foreign(segment, name)}/24`,
    ...(name === "A" ? SOURCES.map((source) => `${source}/32`) : []),
  ];
  return {
    ...(segments.includes("lan") ? { lan: on("lan") } : {}),
    ...(segments.includes("far") ? { far: on("far") } : {}),
  };
}

/** Which of the routers are at both links: the last one always. */
export const places: fc.Arbitrary<readonly Place[]> = fc
  .tuple(fc.integer({ min: 2, max: 4 }), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }))
  .map(([count, far]) => [
    { name: "A", segments: ["lan"] },
    ...(["R1", "R2", "R3", "R4"] as const).slice(0, count).map((name, index): Place => {
      const isJoined = index === count - 1 || (index > 0 && far[index] === true);
      return { name, segments: isJoined ? ["lan", "far"] : ["lan"] };
    }),
    { name: "B", segments: ["far"] },
  ]);

export function sharedLinksLab({ machines, staticNeighbours }: SharedLinks): Lab {
  const members = (segment: Segment): readonly string[] =>
    machines.filter(({ at }) => at[segment] !== undefined).map(({ name }) => `${name}:${segment}`);
  return {
    hosts: machines.map(
      ({ name, at, routes, rules, sysctls, listen }): LabHost => ({
        name,
        interfaces: SEGMENTS.flatMap((segment) => {
          const addresses = at[segment];
          return addresses === undefined ? [] : [{ name: segment, addresses }];
        }),
        routes,
        rules,
        sysctls,
        listen,
      }),
    ),
    links: [],
    segments: SEGMENTS.map((name) => ({ name, members: members(name) })),
    staticNeighbours,
    forget: !staticNeighbours,
  };
}

export function ownAddresses({ at }: Machine): readonly string[] {
  return [...(at.lan ?? []), ...(at.far ?? [])].map((text) => text.replace(/\/.*/, ""));
}
