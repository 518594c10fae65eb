import { z } from "zod";
import type { ProbePacket } from "../harness/duel.ts";

/** A router's lab, one ruleset on it, and packets: everything a disagreement needs to be seen again. */
export interface FuzzCase {
  readonly world: FuzzWorld;
  readonly backend: "legacy" | "nft";
  readonly sets: string;
  readonly tables: readonly {
    readonly name: "raw" | "mangle" | "nat" | "filter";
    readonly chains: readonly {
      readonly name: string;
      readonly policy: "ACCEPT" | "DROP" | null;
      readonly rules: readonly string[];
    }[];
  }[];
  readonly sequence: readonly ProbePacket[];
}

/** What is built once for many rulesets. */
export interface FuzzWorld {
  /** Family of the router's addresses, routes and rules. */
  readonly family: 4 | 6;
  readonly routes: readonly string[];
  readonly rules: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly outMtu: number;
}

const text = z.string().optional();
const number = z.number().optional();
const flag = z.boolean().optional();

const packetSchema = z.object({
  id: text,
  host: text,
  interface: text,
  src: text,
  dst: text,
  proto: z.union([z.string(), z.number()]).optional(),
  sport: number,
  dport: number,
  flags: text,
  ttl: number,
  tos: number,
  df: flag,
  length: number,
  icmpType: number,
  icmpCode: number,
  icmpId: number,
  icmpSeq: number,
  seq: number,
  ack: number,
  mark: number,
  uid: number,
  bindInterface: text,
  raw: flag,
  smac: text,
  dmac: text,
  replyTo: text,
  fresh: flag,
});

const caseSchema = z.object({
  found: z.string(),
  case: z.object({
    world: z.object({
      family: z.union([z.literal(4), z.literal(6)]).default(4),
      routes: z.array(z.string()),
      rules: z.array(z.string()),
      sysctls: z.record(z.string(), z.string()),
      outMtu: z.number(),
    }),
    backend: z.enum(["legacy", "nft"]),
    sets: z.string(),
    tables: z.array(
      z.object({
        name: z.enum(["raw", "mangle", "nat", "filter"]),
        chains: z.array(
          z.object({ name: z.string(), policy: z.enum(["ACCEPT", "DROP"]).nullable(), rules: z.array(z.string()) }),
        ),
      }),
    ),
    sequence: z.array(packetSchema),
  }),
});

/** A disagreement that was found once, as `test/kernel/regressions/` keeps it. */
export interface Regression {
  /** What differed when it was found. */
  readonly found: string;
  readonly case: FuzzCase;
}

/** Drops fields that are there without a value, which exact optional properties do not allow. */
function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const kept: Partial<{ [K in keyof T]: Exclude<T[K], undefined> }> = {};
  for (const key in value) {
    const item = value[key];
    if (item !== undefined) Object.assign(kept, { [key]: item });
  }
  return Object.assign(Object.create(null), kept);
}

export function parseRegression(json: string): Regression {
  const parsed = caseSchema.parse(JSON.parse(json));
  return { found: parsed.found, case: { ...parsed.case, sequence: parsed.case.sequence.map(defined) } };
}
