import { z } from "zod";
import type { TableName } from "../../../src/model/ruleset.ts";
import type { ProbePacket } from "../harness/duel.ts";
import type { World } from "./world-kind.ts";
import { worldOf } from "./worlds/all.ts";

export type FuzzBackend = "legacy" | "nft";

export type FuzzTables = readonly {
  readonly name: TableName;
  readonly chains: readonly {
    readonly name: string;
    /** Null for a user-defined chain. */
    readonly policy: "ACCEPT" | "DROP" | null;
    readonly rules: readonly string[];
  }[];
}[];

/** What is loaded into one host for one family. */
export interface HostRuleset {
  readonly host: string;
  readonly family: 4 | 6;
  readonly backend: FuzzBackend;
  /** In the words of `ipset save`. */
  readonly sets: string;
  readonly tables: FuzzTables;
  /** Tables of nft's own that stand beside those, in its words; absent: none. */
  readonly native?: string;
}

/** A world, rules on its hosts, and packets: everything a disagreement needs to be seen again. */
export interface FuzzCase {
  readonly world: World;
  readonly rulesets: readonly HostRuleset[];
  readonly sequence: readonly ProbePacket[];
}

const text = z.string().optional();
const number = z.number().optional();
const flag = z.boolean().optional();

const extensionSchema = z
  .strictObject({
    header: z.enum(["hop-by-hop", "destination", "routing", "fragment", "authentication", "mobility"]),
    options: z.array(z.strictObject({ type: z.number(), length: z.number() })).optional(),
    type: number,
    segmentsLeft: number,
    addresses: z.array(z.string()).optional(),
    spi: number,
    length: number,
  })
  .transform((given) => defined(given));

/** Strict: a field that were left out would make another packet of it. */
const packetSchema = z.strictObject({
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
  chunks: z.array(z.union([z.string(), z.number()])).optional(),
  vtag: number,
  initTag: number,
  tFlag: flag,
  icmpMtu: number,
  ipid: number,
  mf: flag,
  fragOffset: number,
  wholeLength: number,
  mark: number,
  uid: number,
  bindInterface: text,
  raw: flag,
  smac: text,
  dmac: text,
  mss: number,
  badChecksum: flag,
  extensions: z.array(extensionSchema).optional(),
  replyTo: text,
  pause: number,
  fresh: flag,
  get icmpInner() {
    return packetSchema.optional();
  },
});

const tablesSchema = z.array(
  z.object({
    name: z.enum(["raw", "mangle", "nat", "filter", "security"]),
    chains: z.array(
      z.object({ name: z.string(), policy: z.enum(["ACCEPT", "DROP"]).nullable(), rules: z.array(z.string()) }),
    ),
  }),
);

const caseSchema = z.object({
  kind: z.string(),
  world: z.unknown(),
  rulesets: z.array(
    z.object({
      host: z.string(),
      family: z.union([z.literal(4), z.literal(6)]),
      backend: z.enum(["legacy", "nft"]),
      sets: z.string(),
      tables: tablesSchema,
      native: text,
    }),
  ),
  sequence: z.array(packetSchema),
});

/** How cases were stored while there was one kind of world: the IPv4 router, with one ruleset. */
const routerCaseSchema = z
  .object({
    world: z.unknown(),
    backend: z.enum(["legacy", "nft"]),
    sets: z.string(),
    tables: tablesSchema,
    sequence: z.array(packetSchema),
  })
  .transform(({ world, backend, sets, tables, sequence }) => ({
    kind: "router",
    world,
    rulesets: [{ host: "R", family: 4 as const, backend, sets, tables, native: undefined }],
    sequence,
  }));

const regressionSchema = z.object({ found: z.string(), case: z.union([caseSchema, routerCaseSchema]) });

/** A disagreement that was found once, as `test/kernel/regressions/` keeps it. */
export interface Regression {
  /** What differed when it was found. */
  readonly found: string;
  readonly case: FuzzCase;
}

type StoredPacket = z.infer<typeof packetSchema>;

/** The packet without fields that are there without a value, which exact optional properties do not allow. */
function packetOf({ icmpInner, ...rest }: StoredPacket): ProbePacket {
  return { ...defined(rest), ...(icmpInner === undefined ? {} : { icmpInner: packetOf(icmpInner) }) };
}

function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const kept: Partial<{ [K in keyof T]: Exclude<T[K], undefined> }> = {};
  for (const key in value) {
    const item = value[key];
    if (item !== undefined) Object.assign(kept, { [key]: item });
  }
  return Object.assign(Object.create(null), kept);
}

export function parseRegression(json: string): Regression {
  const parsed = regressionSchema.parse(JSON.parse(json));
  const { kind, world, rulesets, sequence } = parsed.case;
  return {
    found: parsed.found,
    case: {
      world: worldOf(kind, world),
      rulesets: rulesets.map(({ native, ...rest }) => ({ ...rest, ...(native === undefined ? {} : { native }) })),
      sequence: sequence.map(packetOf),
    },
  };
}

export function printRegression({ found, case: { world, rulesets, sequence } }: Regression): string {
  const stored = { kind: world.kind, world: world.value, rulesets, sequence };
  return `${JSON.stringify({ found, case: stored }, null, 2)}\n`;
}
