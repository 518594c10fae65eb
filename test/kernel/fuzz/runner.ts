import type { Network } from "../../../src/model/network.ts";
import { printRuleset } from "../../../src/readers/iptables/print.ts";
import type { Excuses } from "../harness/compare.ts";
import { Duel, type ProbePacket, type Round } from "../harness/duel.ts";
import { ipSetsOf, networkOf, rulesetOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import type { SeenResponse } from "../harness/observation.ts";
import { type Oracle, Refused } from "../harness/oracle-client.ts";
import { muted, withHost } from "../harness/podpath-network.ts";
import { routerLab } from "../harness/router-lab.ts";
import type { FuzzCase, FuzzWorld } from "./case.ts";
import { isStateful } from "./rule.ts";
import { rulesetText } from "./ruleset.ts";

/** Hosts around the router answer nothing: their resets and errors would change what the next packet meets. */
const FAR_HOSTS = ["A", "B", "C"];

/** Errors of routes that the kernel sends to one source before it counts seconds (net.ipv4.route.error_burst). */
const ROUTE_ERROR_BURST = 5;

/** Excuses the silence that follows a burst of errors to one address (kernel.md R2); nothing else. */
class RouteErrorLimit implements Excuses {
  private readonly sent = new Map<string, number>();
  used = 0;

  mayWithhold({ kind, packet }: SeenResponse): boolean {
    if (kind !== "icmp" || packet.icmpType !== 3 || ![0, 1, 13].includes(packet.icmpCode)) return false;
    if ((this.sent.get(packet.dst) ?? 0) < ROUTE_ERROR_BURST) return false;
    this.used++;
    return true;
  }

  /** The kernel counts by the source of the packet, before any NAT, and also errors that a rule then stopped. */
  note({ kernel, result }: Round): void {
    const source = kernel.hops[0]?.packet.src ?? "";
    const refused = result.drops.some(({ reason, location }) => reason === "IP_INNOROUTES" || location === "ip_error");
    if (refused) this.sent.set(source, (this.sent.get(source) ?? 0) + 1);
  }
}

/**
 * A disagreement counts when it happens as often again. What passes once is time in the kernel (a neighbour that is
 * probed again after five seconds, a limit that refills), which podpath's clock does not share.
 */
const REPEATS = 2;

export interface Disagreement {
  readonly case: FuzzCase;
  /** Packet of the sequence that they differ about. */
  readonly at: number;
  readonly differences: readonly string[];
}

/** What a run has seen. */
export interface Tally {
  probes: number;
  rulesets: number;
  /** Rulesets that the tools refused, which are not compared. */
  refused: number;
  lastRefusal: string;
  /** Disagreements that did not happen again. */
  unrepeated: number;
  /** Packets with more than one possible end. */
  branching: number;
  /** Missing answers put down to the kernel's rate limits. */
  excused: number;
  readonly outcomes: Map<string, number>;
}

export function newTally(): Tally {
  return {
    probes: 0,
    rulesets: 0,
    refused: 0,
    lastRefusal: "",
    unrepeated: 0,
    branching: 0,
    excused: 0,
    outcomes: new Map(),
  };
}

/** Runs cases against the kernel; a world is built once for all cases that share it. */
export class Runner {
  private built: FuzzWorld | null = null;
  private network: Network | null = null;
  private backend: FuzzCase["backend"] | null = null;
  private limits = new RouteErrorLimit();
  private readonly oracle: Oracle;
  readonly tally: Tally;

  constructor(oracle: Oracle, tally: Tally) {
    this.oracle = oracle;
    this.tally = tally;
  }

  /** Namespaces for the world. Throws when the kernel cannot be told to be like that. */
  async build(world: FuzzWorld): Promise<void> {
    const lab = routerLab({
      router: { routes: world.routes, rules: world.rules, sysctls: world.sysctls },
      outMtu: world.outMtu,
    });
    this.built = null;
    const network = networkOf(lab);
    await this.oracle.build(toBuildRequest(network, { mute: FAR_HOSTS }));
    this.network = muted(network, FAR_HOSTS);
    this.limits = new RouteErrorLimit();
    this.built = world;
  }

  /**
   * Loads a ruleset on both sides and sends the sequences through it. The kernel is given the text as written, or
   * (`printed`) as podpath prints what it read.
   */
  async run(
    world: FuzzWorld,
    ruleset: Pick<FuzzCase, "backend" | "sets" | "tables">,
    sequences: readonly (readonly ProbePacket[])[],
    printed = false,
  ): Promise<readonly Disagreement[]> {
    if (this.built !== world) await this.build(world);
    if (this.network === null) throw new Error("nothing is built");
    const { backend, sets, tables } = ruleset;
    const text = rulesetText(tables);
    const load = async (written: string): Promise<void> => {
      // Giving up on a neighbour makes the kernel send an error, which would be counted by the new rules.
      await this.oracle.flush();
      // Lists of `recent` outlive a reload, and rules of the other backend stay.
      if (stateful || this.backend !== backend) await this.oracle.reset("R");
      this.backend = backend;
      await this.oracle.load({ host: "R", backend, text: written, ...(sets === "" ? {} : { ipsets: sets }) });
    };
    const stateful = tables.some(({ chains }) => chains.some(({ rules }) => rules.some(isStateful)));
    let network: Network;
    let written = text;
    try {
      await load(text);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.tally.refused++;
      this.tally.lastRefusal = error.message;
      return [];
    }
    const disagree = (sequence: readonly ProbePacket[], at: number, differences: readonly string[]): Disagreement => ({
      case: { world, backend, sets, tables, sequence },
      at,
      differences,
    });
    try {
      const rulesets = rulesetOf({ backend, text }, this.network.origins);
      network = withHost(this.network, "R", { rulesets, ipSets: ipSetsOf(sets, this.network.origins) });
      if (printed) {
        written = rulesets.map((item) => printRuleset(item)).join("");
        await load(written);
      }
    } catch (error) {
      return [disagree([], 0, [error instanceof Error ? error.message : String(error)])];
    }
    this.tally.rulesets++;
    const found: Disagreement[] = [];
    const duel = new Duel(this.oracle, network, this.limits);
    let first = true;
    for (const sequence of sequences) {
      if (stateful && !first) await load(written);
      first = false;
      let failure = await this.runSequence(duel, sequence);
      for (let again = 0; failure !== null && again < REPEATS; again++) {
        await load(written);
        duel.use(network);
        const repeated = await this.runSequence(duel, sequence);
        if (repeated === null) this.tally.unrepeated++;
        failure = repeated;
      }
      if (failure === null) continue;
      found.push(disagree(sequence, failure.at, failure.differences));
      // What a disagreement leaves behind differs too.
      duel.use(network);
    }
    return found;
  }

  private async runSequence(
    duel: Duel,
    sequence: readonly ProbePacket[],
  ): Promise<{ readonly at: number; readonly differences: readonly string[] } | null> {
    const rounds = new Map<string, Round>();
    for (const [at, given] of sequence.entries()) {
      const packet = given.id === "error" ? quoting(given, rounds) : given;
      if (packet === null) continue;
      let round: Round | null;
      try {
        round = await duel.ask(at === 0 ? { ...packet, fresh: true } : packet);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        // No sender could have put it on that wire.
        if (message.includes("Message too long")) return null;
        return { at, differences: [message] };
      }
      if (round === null) continue;
      this.tally.probes++;
      const { outcome } = round.kernel;
      this.tally.outcomes.set(outcome, (this.tally.outcomes.get(outcome) ?? 0) + 1);
      this.limits.note(round);
      const { used } = this.limits;
      this.tally.excused += used;
      this.limits.used = 0;
      if (round.differences.length > 0) return { at, differences: round.differences };
      // podpath's answer passed rules that the withheld one did not: what they count differs from here on.
      if (used > 0) return null;
      if (packet.id !== undefined) rounds.set(packet.id, round);
      if (round.branches.length > 1) {
        this.tally.branching++;
        return null;
      }
      if (isPending(round)) return null;
    }
    return null;
  }
}

/**
 * An unanswered neighbour: podpath's clock runs on until the error about it is sent, the kernel's does not. The sequence
 * ends there.
 */
function isPending({ kernel, branches }: Round): boolean {
  return kernel.pending || branches.some(({ pending }) => pending);
}

/** The error packet with what it quotes: an earlier packet as it was delivered. Null when there is none to quote. */
function quoting(packet: ProbePacket, rounds: ReadonlyMap<string, Round>): ProbePacket | null {
  const { replyTo, ...error } = packet;
  const round = rounds.get(replyTo ?? "");
  const delivered = round?.kernel.delivered ?? null;
  const ours = round?.branches[0]?.delivered ?? null;
  if (delivered === null || ours === null || ours.packet.sport > 0xffff || ours.packet.icmpId > 0xffff) return null;
  const { packet: it } = delivered;
  return {
    ...error,
    dst: it.src,
    icmpInner: {
      src: it.src,
      dst: it.dst,
      proto: it.protocol,
      ttl: it.ttl,
      length: it.length,
      ...(it.protocol === 1
        ? { icmpType: it.icmpType, icmpCode: it.icmpCode, icmpId: it.icmpId }
        : { sport: it.sport, dport: it.dport }),
      ...(it.protocol === 6 ? { flags: it.flags, seq: it.seq, ack: it.ack } : {}),
    },
  };
}
