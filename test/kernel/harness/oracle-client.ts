import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface, type Interface as Lines } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** The helper that asks the real kernel: `test/kernel/oracle/README.md` says what it takes and gives. */
const MAIN = fileURLToPath(new URL("../oracle/main.py", import.meta.url));

const basePacket = z.object({
  src: z.string(),
  dst: z.string(),
  proto: z.union([z.string(), z.number()]),
  ttl: z.number().optional(),
  tos: z.number().optional(),
  df: z.boolean().optional(),
  id: z.number().optional(),
  sport: z.number().optional(),
  dport: z.number().optional(),
  flags: z.string().optional(),
  seq: z.number().optional(),
  ack: z.number().optional(),
  mss: z.number().optional(),
  window: z.number().optional(),
  length: z.number().optional(),
  icmpType: z.number().optional(),
  icmpCode: z.number().optional(),
  icmpId: z.number().optional(),
  icmpSeq: z.number().optional(),
  mtu: z.number().optional(),
  vni: z.number().optional(),
  mf: z.boolean().optional(),
  fragOffset: z.number().optional(),
  /** Extension headers of IPv6 in a few words each. */
  extensions: z.array(z.string()).optional(),
});

/** A packet as the kernel's sockets showed it. */
export type KernelPacket = z.infer<typeof basePacket> & {
  readonly quoted?: KernelPacket | undefined;
  readonly inner?: KernelPacket | undefined;
};

const packetSchema: z.ZodType<KernelPacket> = z.lazy(() =>
  basePacket.extend({ quoted: packetSchema.optional(), inner: packetSchema.optional() }),
);

const hop = z.object({
  host: z.string(),
  iface: z.string(),
  dir: z.enum(["in", "out"]),
  packet: packetSchema,
  pktType: z.string().optional(),
});

const ruleEvent = z.object({
  host: z.string(),
  family: z.union([z.number(), z.string()]),
  table: z.string(),
  chain: z.string(),
  backend: z.string(),
  index: z.number().nullable(),
  verdict: z.string(),
  to: z.string().optional(),
  target: z.string().optional(),
  mark: z.number().optional(),
});

const delivery = z.object({ host: z.string(), packet: packetSchema });

const responseSchema = z.object({
  kind: z.string(),
  host: z.string(),
  from: z.string(),
  to: z.string(),
  type: z.number().nullable().optional(),
  code: z.number().nullable().optional(),
  mtu: z.number().optional(),
  packet: packetSchema,
  quoted: packetSchema.optional(),
  hops: z.array(hop),
  delivered: delivery.nullable(),
  deliveries: z.array(delivery).optional(),
  rules: z.array(ruleEvent),
});

const resultSchema = z.object({
  ok: z.literal(true),
  /** `loop`: it went round for ever, and all links were taken down. */
  outcome: z.enum(["delivered", "rejected", "left", "unresolved", "dropped", "loop"]),
  hops: z.array(hop),
  delivered: delivery.nullable(),
  deliveries: z.array(delivery).optional(),
  rules: z.array(ruleEvent),
  drops: z.array(
    z.object({
      host: z.string(),
      packet: z.string().nullable(),
      reason: z.string(),
      location: z.string().nullable().optional(),
    }),
  ),
  errno: z.string().nullable(),
  /** When it was sent: seconds of CLOCK_MONOTONIC. */
  at: z.number(),
  /** When everything that it caused had been done; of what went round for ever, when it was sent. */
  until: z.number(),
  /** When neighbours that had not answered were given up, since the probe before; the errors about that were sent then. */
  givenUp: z.number().optional(),
  responses: z.array(responseSchema),
  traceLost: z.boolean().optional(),
  conntrack: z.record(z.string(), z.array(z.string())).optional(),
});

export type KernelHop = z.infer<typeof hop>;
export type KernelRuleEvent = z.infer<typeof ruleEvent>;
/** What the kernel did with one packet. */
export type KernelResult = z.infer<typeof resultSchema>;

const failureSchema = z.object({
  ok: z.literal(false),
  error: z.string(),
  refused: z.boolean().optional(),
  loop: z.boolean().optional(),
  tool: z.string().optional(),
});
const answerSchema = z.looseObject({ ok: z.boolean() });
const capabilitiesSchema = z.object({
  kernel: z.string(),
  works: z.record(z.string(), z.object({ works: z.boolean(), error: z.string().optional() })),
});
const buildSchema = z.object({
  hosts: z.record(z.string(), z.array(z.object({ name: z.string(), ifindex: z.number(), mac: z.string() }))),
  refused: z.array(z.object({ host: z.string(), tool: z.string(), error: z.string() })),
});
const countersSchema = z.object({ counters: z.array(z.tuple([z.string(), z.number(), z.number()])) });
const execSchema = z.object({ stdout: z.string(), stderr: z.string(), code: z.number() });

const routeSchema = z.object({
  errno: z.string().nullable(),
  type: z.string().optional(),
  table: z.number().optional(),
  gateway: z.string().nullable().optional(),
  oif: z.string().nullable().optional(),
  prefsrc: z.string().nullable().optional(),
});
const routesSchema = z.object({ results: z.array(routeSchema) });

/** What RTM_GETROUTE says; `errno` alone when it refuses. */
export type KernelRoute = z.infer<typeof routeSchema>;
export type Capabilities = z.infer<typeof capabilitiesSchema>;

/** A rule set or set that the kernel or a tool did not take. */
export class Refused extends Error {}

/** Something goes round for ever in what was built, or did: all links are down now. */
export class Endless extends Error {}

/** One running oracle. Requests are answered one after the other, in order. */
export class Oracle {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly lines: Lines;
  private readonly waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  private complaint = "";

  constructor() {
    this.child = spawn("python3", [MAIN], { stdio: "pipe" });
    this.lines = createInterface({ input: this.child.stdout, crlfDelay: Number.POSITIVE_INFINITY });
    this.lines.on("line", (line) => this.waiting.shift()?.resolve(line));
    this.child.stderr.on("data", (chunk: Buffer) => {
      this.complaint = (this.complaint + chunk.toString()).slice(-4000);
    });
    this.child.on("error", (error) => this.fail(error));
    this.child.on("exit", (code) => this.fail(new Error(`the oracle ended with ${code}: ${this.complaint}`)));
    this.child.stdin.on("error", () => undefined);
  }

  private fail(error: Error): void {
    for (const waiter of this.waiting.splice(0)) waiter.reject(error);
  }

  private async ask(request: object): Promise<object> {
    if (this.child.exitCode !== null) throw new Error(`the oracle is gone: ${this.complaint}`);
    const line = await new Promise<string>((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.child.stdin.write(`${JSON.stringify(request)}\n`);
    });
    const answer = answerSchema.parse(JSON.parse(line));
    if (answer.ok) return answer;
    const failure = failureSchema.parse(answer);
    if (failure.refused === true) throw new Refused(failure.error);
    if (failure.loop === true) throw new Endless(failure.error);
    throw new Error(`oracle: ${failure.error}`);
  }

  async capabilities(): Promise<Capabilities> {
    return capabilitiesSchema.parse(await this.ask({ op: "capabilities" }));
  }

  /** Throws `Refused` when a rule set of the request was not taken. */
  async build(request: object): Promise<z.infer<typeof buildSchema>["hosts"]> {
    const built = buildSchema.parse(await this.ask({ op: "build", ...request }));
    const [refused] = built.refused;
    if (refused !== undefined) throw new Refused(`${refused.host}: ${refused.tool}: ${refused.error}`);
    return built.hosts;
  }

  async load(request: {
    readonly host: string;
    readonly family?: 4 | 6;
    readonly backend?: "legacy" | "nft";
    readonly text?: string;
    readonly ipsets?: string;
    /** What `nft -f` is given. */
    readonly nft?: string;
  }): Promise<void> {
    await this.ask({ op: "load", ...request });
  }

  async reset(host: string): Promise<void> {
    await this.ask({ op: "reset", host });
  }

  async flush(): Promise<void> {
    await this.ask({ op: "flush" });
  }

  /**
   * `flush`: conntrack, learnt routes and neighbours that never answered are forgotten first. `wantConntrack`: the
   * connections that every host tracks afterwards. `wait`: seconds to listen for what timers do.
   */
  async probe(packet: object, flush: boolean, wantConntrack = false, wait = 0): Promise<KernelResult> {
    return resultSchema.parse(await this.ask({ op: "probe", packet, flush, wantConntrack, wait }));
  }

  /** Packets and bytes of the legacy backend's rules and policies, by `table chain index`; what saw none is not there. */
  async counters(host: string, family: 4 | 6): Promise<z.infer<typeof countersSchema>["counters"]> {
    return countersSchema.parse(await this.ask({ op: "counters", host, family })).counters;
  }

  async exec(host: string, argv: readonly string[], stdin = ""): Promise<z.infer<typeof execSchema>> {
    return execSchema.parse(await this.ask({ op: "exec", host, argv, stdin }));
  }

  /** Asks for the routes of many keys (`route` in the README). */
  async routes(host: string, keys: readonly object[]): Promise<readonly KernelRoute[]> {
    return routesSchema.parse(await this.ask({ op: "routes", host, keys })).results;
  }

  async commands(host: string, commands: readonly string[]): Promise<void> {
    await this.ask({ op: "commands", host, commands });
  }

  /** Ends the helper, which takes everything it made away. */
  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise<void>((resolve) => this.child.once("exit", () => resolve()));
    this.child.stdin.end();
    await ended;
  }
}
