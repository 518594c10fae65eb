import type { Network } from "../../../src/model/network.ts";
import { printRuleset } from "../../../src/readers/iptables/print.ts";
import { readNftBaseChains } from "../../../src/readers/nft/base-chains.ts";
import { Duel, type KernelMemory, kernelMemory, type ProbePacket, type Round } from "../harness/duel.ts";
import { featuresOf } from "../harness/features.ts";
import { ipSetsOf, networkOf, rulesetOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import type { Observation } from "../harness/observation.ts";
import { Endless, type Oracle, Refused } from "../harness/oracle-client.ts";
import { muted, withHost } from "../harness/podpath-network.ts";
import type { FuzzCase, HostRuleset } from "./case.ts";
import { type CounterWatch, counterWatch } from "./counter-watch.ts";
import { areAboutNatRules, isTranslatedInTunnel } from "./outer-port.ts";
import { isAnsweredForServer, isProxied } from "./proxied.ts";
import { isErrorAbout, quoting } from "./quoting.ts";
import { isStateful } from "./rule.ts";
import { rulesetText } from "./ruleset.ts";
import type { Tally } from "./tally.ts";
import type { World } from "./world-kind.ts";

/**
 * A disagreement counts when it happens as often again. What passes once is time in the kernel (a neighbour that is
 * probed again after five seconds, a limit that refills), which podpath's clock does not share.
 */
const REPEATS = 2;

/** How often a sequence is sent again whose packet has several possible ends: the kernel draws each time. */
const DRAWS = 20;

export interface Disagreement {
  readonly case: FuzzCase;
  /** Packet of the sequence that they differ about. */
  readonly at: number;
  readonly differences: readonly string[];
}

interface Failure {
  readonly at: number;
  readonly differences: readonly string[];
  /** The packet had several possible ends, of which the kernel draws one. */
  readonly drawn: boolean;
}

/** What the kernel has now: the namespaces of a world. */
interface Built {
  readonly world: World;
  readonly network: Network;
  readonly memory: KernelMemory;
  /** Rules that each host has, by host: what must be emptied before others come. */
  readonly loaded: Map<string, readonly HostRuleset[]>;
  /** True: a packet went round for ever, and the oracle took the links down. */
  broken: boolean;
}

/** One ruleset as both sides have it. */
interface Loaded {
  readonly ruleset: HostRuleset;
  /** What the kernel is given. */
  readonly text: string;
}

/** Runs cases against the kernel; a world is built once for all cases that share it. */
export class Runner {
  private built: Built | null = null;
  private readonly oracle: Oracle;
  readonly tally: Tally;

  constructor(oracle: Oracle, tally: Tally) {
    this.oracle = oracle;
    this.tally = tally;
  }

  /** Namespaces for the world. Throws when the kernel cannot be told to be like that. */
  async build(world: World): Promise<void> {
    this.built = null;
    this.built = { world, ...(await this.namespaces(world)), loaded: new Map(), broken: false };
  }

  private async namespaces(world: World): Promise<{ readonly network: Network; readonly memory: KernelMemory }> {
    const lab = world.lab();
    const network = networkOf(lab);
    const mute = world.mute();
    await this.oracle.build(toBuildRequest(network, { mute, forget: lab.forget ?? false, patient: true }));
    return { network: muted(network, mute), memory: kernelMemory() };
  }

  /** The same namespaces anew, where a packet that went round for ever has cost them their links. */
  private async mend(built: Built): Promise<void> {
    const { memory } = await this.namespaces(built.world);
    built.memory.limits.clear();
    built.memory.built = memory.built;
    built.loaded.clear();
    built.broken = false;
  }

  /**
   * Loads rulesets on both sides and sends the sequences through them. The kernel is given the texts as written, or
   * (`printed`) as podpath prints what it read.
   */
  async run(
    world: World,
    rulesets: readonly HostRuleset[],
    sequences: readonly (readonly ProbePacket[])[],
    printed = false,
  ): Promise<readonly Disagreement[]> {
    const found: Disagreement[] = [];
    try {
      await this.runInto(found, world, rulesets, sequences, printed);
    } catch (error) {
      // Not the packet of a sequence goes round, but what a neighbour's failure has sent between two of them.
      if (!(error instanceof Endless)) throw error;
      this.tally.loops++;
      this.built = null;
    }
    return found;
  }

  private async runInto(
    found: Disagreement[],
    world: World,
    rulesets: readonly HostRuleset[],
    sequences: readonly (readonly ProbePacket[])[],
    printed: boolean,
  ): Promise<void> {
    if (this.built?.world !== world) await this.build(world);
    const { built } = this;
    if (built === null) throw new Error("nothing is built");
    const stateful = rulesets.some(isCounting);
    let loads: readonly Loaded[] = rulesets.map((ruleset) => ({ ruleset, text: rulesetText(ruleset.tables) }));
    try {
      await this.load(built, loads);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.tally.refused++;
      this.tally.lastRefusal = error.message;
      return;
    }
    const disagree = (sequence: readonly ProbePacket[], at: number, differences: readonly string[]): Disagreement => ({
      case: { world, rulesets, sequence },
      at,
      differences,
    });
    let network: Network;
    try {
      const read = withRulesets(built.network, rulesets, await this.nativeTables(rulesets));
      network = read.network;
      if (printed) {
        loads = rulesets.map((ruleset, index) => ({ ruleset, text: read.printed[index] ?? "" }));
        await this.load(built, loads);
      }
    } catch (error) {
      if (error instanceof Endless) throw error;
      found.push(disagree([], 0, [error instanceof Error ? error.message : String(error)]));
      return;
    }
    this.tally.rulesets++;
    const watch = counterWatch(this.oracle, rulesets);
    const { countersOf } = watch;
    const duel = new Duel(this.oracle, network, world.conntrack, built.memory, countersOf);
    duel.clockRuns = true;
    const reload = async (): Promise<void> => {
      if (built.broken) {
        await this.mend(built);
        duel.use(network);
      }
      await this.load(built, loads);
      watch.loaded();
    };
    const alone = async (sequence: readonly ProbePacket[]): Promise<Failure | null> => {
      await reload();
      duel.use(network);
      return (await this.runSequence(duel, built, watch, sequence)) ?? (await this.countedOtherwise(watch, sequence));
    };
    /**
     * Counts a failure that happens each time that the sequence is sent again through rules loaded anew; where the kernel
     * draws, one that happens as often in so many times.
     */
    const insist = async (sequence: readonly ProbePacket[], first: Failure): Promise<boolean> => {
      // A legacy table that an earlier ruleset had stays in the namespace, empty: NAT goes on finding free ports and ids.
      built.broken = true;
      let failure = first;
      let left = first.drawn ? DRAWS : REPEATS;
      let missing = REPEATS;
      for (; missing > 0 && left >= missing; left--) {
        const again = await alone(sequence);
        if (again === null) continue;
        failure = again;
        missing--;
      }
      if (missing > 0)
        this.tally.passed.push(`${world.kind}: ${first.differences.join("; ")} ${JSON.stringify(sequence)}`);
      else found.push(disagree(sequence, failure.at, failure.differences));
      // What a disagreement leaves behind differs too.
      duel.use(network);
      watch.spoil();
      return missing === 0;
    };
    for (const [index, sequence] of sequences.entries()) {
      if ((stateful && index > 0) || built.broken) await reload();
      else await watch.settle();
      const failure =
        (await this.runSequence(duel, built, watch, sequence)) ??
        (stateful ? await this.countedOtherwise(watch, sequence) : null);
      if (failure !== null) await insist(sequence, failure);
    }
    if (built.broken) await reload();
    const counted = await this.countedOtherwise(watch, sequences.at(-1) ?? []);
    if (counted === null) return;
    // One of the sequences counted otherwise, or only all of them together.
    for (const sequence of [...sequences, together(sequences)]) {
      const failure = await alone(sequence);
      if (failure !== null && (await insist(sequence, failure))) return;
    }
    this.tally.countersPassed.push(`${world.kind}: ${counted.differences.join("; ")}`);
  }

  /** What the counters of rules and policies say now, as a failure of the sequence's last packet. */
  private async countedOtherwise(watch: CounterWatch, sequence: readonly ProbePacket[]): Promise<Failure | null> {
    const differences = await watch.compare();
    if (differences !== null) this.tally.counted++;
    return differences === null || differences.length === 0
      ? null
      : { at: sequence.length - 1, differences, drawn: false };
  }

  private async load({ loaded }: Built, loads: readonly Loaded[]): Promise<void> {
    // Giving up on a neighbour makes the kernel send an error, which would be counted by the new rules.
    await this.oracle.flush();
    const wanted = new Set(loads.map(({ ruleset }) => ruleset.host));
    for (const [host, before] of loaded) {
      const now = loads.filter(({ ruleset }) => ruleset.host === host);
      // Lists of `recent` outlive a reload, and rules of the other backend or family stay, and nft's own.
      const replaced =
        now.length === 1 &&
        before.length === 1 &&
        before.every(
          (old) =>
            old.backend === now[0]?.ruleset.backend &&
            old.family === now[0].ruleset.family &&
            old.native === undefined &&
            !isCounting(old),
        );
      if (wanted.has(host) && replaced) continue;
      await this.oracle.reset(host);
      loaded.delete(host);
    }
    for (const host of wanted) loaded.delete(host);
    for (const { ruleset, text } of loads) {
      const { host, family, backend, sets, native } = ruleset;
      loaded.set(host, [...(loaded.get(host) ?? []), ruleset]);
      await this.oracle.load({ host, family, backend, text, ...(sets === "" ? {} : { ipsets: sets }) });
      if (native !== undefined) await this.oracle.load({ host, nft: native });
    }
  }

  /** Tables of nft's own as nft prints them, by host. */
  private async nativeTables(rulesets: readonly HostRuleset[]): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (const { host, native } of rulesets) {
      if (native === undefined) continue;
      const { stdout } = await this.oracle.exec(host, ["nft", "list", "ruleset"]);
      found.set(
        host,
        stdout
          .split(/^(?=table )/m)
          .filter((table) => isNative(table))
          .join(""),
      );
    }
    return found;
  }

  private async runSequence(
    duel: Duel,
    built: Built,
    watch: CounterWatch,
    sequence: readonly ProbePacket[],
  ): Promise<Failure | null> {
    const failure = await this.sendAll(duel, built, watch, sequence);
    if (failure !== null) watch.spoil();
    return failure;
  }

  private async sendAll(
    duel: Duel,
    built: Built,
    watch: CounterWatch,
    sequence: readonly ProbePacket[],
  ): Promise<Failure | null> {
    const rounds = new Map<string, Round>();
    let translatedInTunnel = false;
    for (const [at, given] of sequence.entries()) {
      const packet = isErrorAbout(given) ? quoting(given, rounds) : given;
      if (packet === null) continue;
      let round: Round | null;
      try {
        round = await duel.ask(at === 0 ? { ...packet, fresh: true } : packet);
      } catch (error) {
        if (error instanceof Endless) throw error;
        const message = error instanceof Error ? error.message : String(error);
        // No sender could have put it on that wire.
        if (message.includes("Message too long")) {
          watch.spoil();
          return null;
        }
        return { at, differences: [message], drawn: false };
      }
      if (round === null) continue;
      this.tally.probes++;
      this.tally.kinds.set(built.world.kind, (this.tally.kinds.get(built.world.kind) ?? 0) + 1);
      if (round.instant !== "sent") {
        // The sequence was asked again, and counted again.
        this.tally.otherInstants++;
        watch.spoil();
      }
      const { outcome } = round.kernel;
      this.tally.outcomes.set(outcome, (this.tally.outcomes.get(outcome) ?? 0) + 1);
      if (outcome === "loop") {
        built.broken = true;
        watch.spoil();
        if (round.differences.length === 0) {
          this.tally.loops++;
          return null;
        }
      }
      translatedInTunnel ||= isTranslatedInTunnel(round);
      if (translatedInTunnel && round.differences.length > 0 && areAboutNatRules(round.differences)) {
        this.tally.inTunnels++;
        watch.spoil();
        return null;
      }
      const drawn = round.branches.length > 1;
      if (isProxied(round)) {
        watch.spoil();
        // A sender that did not ask refuses what the proxy answers.
        const open = isAnsweredForServer(round) || round.branches.some((branch) => branch.outcome === outcome);
        if (!open) return { at, differences: [`SYNPROXY: kernel ${outcome}, ${round.differences.join("; ")}`], drawn };
        this.tally.proxied++;
        return null;
      }
      if (round.differences.length > 0 && round.answer.truncated) {
        // The answer says that it is uncertain for there being more ends than these.
        this.tally.cut++;
        watch.spoil();
        return null;
      }
      if (round.differences.length > 0 && round.result.traceLost === true) {
        this.tally.lost++;
        watch.spoil();
        return null;
      }
      if (round.differences.length > 0) return { at, differences: round.differences, drawn };
      if (round.branches.some(countsApart)) watch.spoil();
      for (const feature of featuresOf(round, round.answer.network)) {
        this.tally.features.set(feature, (this.tally.features.get(feature) ?? 0) + 1);
      }
      if (packet.id !== undefined) rounds.set(packet.id, round);
      if (drawn) {
        this.tally.branching++;
        watch.spoil();
        return null;
      }
      if (isPending(round)) {
        watch.spoil();
        return null;
      }
    }
    return null;
  }
}

/** Whether podpath counted what the kernel may not have, or not yet, though both agree about what can be seen. */
function countsApart({ late, merged, usesUp }: Observation): boolean {
  return late || merged || usesUp;
}

/** All packets of some sequences, each of which begins with nothing known. */
function together(sequences: readonly (readonly ProbePacket[])[]): readonly ProbePacket[] {
  return sequences.flatMap((sequence) =>
    sequence.map((packet, index) => (index === 0 ? { ...packet, fresh: true } : packet)),
  );
}

function isCounting({ tables }: HostRuleset): boolean {
  return tables.some(({ chains }) => chains.some(({ rules }) => rules.some(isStateful)));
}

/** Neither one of iptables-nft nor one of the oracle's. */
function isNative(table: string): boolean {
  return !/^table \S+ (?:raw|mangle|nat|filter|security|oracle-\S+) /.test(table);
}

/** The Network with the rules read, and how podpath prints each. */
function withRulesets(
  network: Network,
  rulesets: readonly HostRuleset[],
  native: ReadonlyMap<string, string>,
): { readonly network: Network; readonly printed: readonly string[] } {
  let result = network;
  const printed: string[] = [];
  const fuzzed = new Set<string>();
  for (const { host, family, backend, sets, tables } of rulesets) {
    const read = rulesetOf({ family, backend, text: rulesetText(tables) }, network.origins);
    printed.push(read.map((item) => printRuleset(item)).join(""));
    const before = fuzzed.has(host) ? result.hosts.get(host) : undefined;
    fuzzed.add(host);
    result = withHost(result, host, {
      rulesets: [...(before?.rulesets ?? []), ...read],
      ipSets: new Map([...(before?.ipSets ?? []), ...ipSetsOf(sets, network.origins)]),
    });
  }
  for (const [host, text] of native) {
    const { baseChains, findings } = readNftBaseChains({ text, file: "nft" }, network.origins);
    const [finding] = findings;
    if (finding !== undefined) throw new Error(`${finding.message}: ${text}`);
    result = withHost(result, host, { nftBaseChains: baseChains });
  }
  return { network: result, printed };
}

/**
 * An unanswered neighbour: podpath's clock runs on until the error about it is sent, the kernel's does not. The sequence
 * ends there.
 */
function isPending({ kernel, branches }: Round): boolean {
  return kernel.pending || branches.some(({ pending }) => pending);
}
