import { setTimeout } from "node:timers/promises";
import { type IcmpLimits, limitsAt } from "../../../src/linux/icmp-limit.ts";
import type { RuleCounters } from "../../../src/linux/runtime.ts";
import type { Network } from "../../../src/model/network.ts";
import { leastPayload } from "../../../src/net/least-payload.ts";
import type { ExtensionJson } from "../../../src/report/packet-json.ts";
import { type PacketQuestion, parsePacketLine } from "../../../src/trace/packet-question.ts";
import { createPacketSession, type PacketSession } from "../../../src/trace/packet-session.ts";
import type { Answer, Branch } from "../../../src/trace/result.ts";
import { compare, isSameDelivery } from "./compare.ts";
import { compareConntrack, kernelTables } from "./compare-conntrack.ts";
import { type Instant, otherInstants, type Took } from "./instants.ts";
import { type Lab, networkOf } from "./lab.ts";
import { countMet } from "./met.ts";
import { naturalAnswer, type Received } from "./natural-answer.ts";
import { toBuildRequest } from "./network-to-oracle.ts";
import type { Observation } from "./observation.ts";
import { observeKernel, receiver } from "./observe-kernel.ts";
import { observePodpath } from "./observe-podpath.ts";
import type { KernelResult, Oracle } from "./oracle-client.ts";
import { muted } from "./podpath-network.ts";

/** A packet in the words of INTERFACES section 4. */
export interface ProbePacket {
  readonly id?: string;
  readonly host?: string;
  readonly interface?: string;
  readonly src?: string;
  readonly dst?: string;
  readonly proto?: string | number;
  readonly sport?: number;
  readonly dport?: number;
  readonly flags?: string;
  readonly ttl?: number;
  readonly tos?: number;
  readonly df?: boolean;
  readonly length?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly icmpId?: number;
  readonly icmpSeq?: number;
  readonly chunks?: readonly (string | number)[];
  readonly vtag?: number;
  readonly initTag?: number;
  readonly tFlag?: boolean;
  readonly seq?: number;
  readonly ack?: number;
  readonly mss?: number;
  /** MTU of an ICMP error. */
  readonly icmpMtu?: number;
  readonly ipid?: number;
  readonly mf?: boolean;
  readonly fragOffset?: number;
  /** Payload of the whole datagram that a first fragment belongs to: only the checksum depends on it. */
  readonly wholeLength?: number;
  readonly mark?: number;
  readonly uid?: number;
  readonly bindInterface?: string;
  readonly raw?: boolean;
  readonly smac?: string;
  readonly dmac?: string;
  readonly icmpInner?: ProbePacket;
  readonly extensions?: readonly ExtensionJson[];
  readonly badChecksum?: boolean;
  /** Seconds to wait for what timers do: what is given up then, and the errors about it, is compared too. */
  readonly wait?: number;
  readonly replyTo?: string;
  /** Seconds to wait before it is sent. */
  readonly pause?: number;
  /** Virtual seconds; by itself, those since the namespaces were built. */
  readonly at?: number;
  /** State of the packet before is kept unless true. */
  readonly fresh?: boolean;
}

/** Both sides' word about one packet. */
export interface Round {
  readonly packet: ProbePacket;
  readonly kernel: Observation;
  readonly branches: readonly Observation[];
  readonly answer: Answer;
  readonly result: KernelResult;
  /** Empty when one branch agrees with the kernel; else what the nearest one gets wrong. */
  readonly differences: readonly string[];
  /** When podpath was asked what agrees, or all. */
  readonly instant: Instant;
}

interface Judged {
  readonly answer: Answer;
  readonly branches: readonly Observation[];
  readonly nearest: Branch | undefined;
  readonly differences: readonly string[];
}

/** What built namespaces remember that no flush makes them forget. */
export interface KernelMemory {
  /** ICMP messages sent lately. */
  readonly limits: Map<string, IcmpLimits>;
  /** IP identifications that were used: fragments of one datagram are waited for for half a minute. */
  identifications: number;
  /** When they had been built: seconds of CLOCK_MONOTONIC, which the oracle tells times by. */
  built: number;
  /** How long the probes of the last seconds took, in seconds. */
  readonly slow: Took[];
}

export function kernelMemory(): KernelMemory {
  return { limits: new Map(), identifications: 0, built: Number(process.hrtime.bigint()) / 1e9, slow: [] };
}

/** Who sends what comes in by a device that is joined to nothing. */
const STRANGER = "02:00:00:ff:00:01";

/** One Network asked on both sides. */
export class Duel {
  private session: PacketSession;
  private network: Network;
  private readonly oracle: Oracle;
  private readonly counters: ((host: string) => RuleCounters) | null;
  private readonly conntrack: boolean;
  private readonly memory: KernelMemory;
  /** True: also between packets that keep state, podpath's clock goes on as the kernel's does. */
  clockRuns = false;
  /** What the kernel is given for each identification of the sequence. */
  private readonly identifications = new Map<number, number>();
  /** What the kernel delivered, by the packet's id. */
  private readonly delivered = new Map<string, Received>();
  /** Packets that podpath's session has seen. */
  private readonly known = new Set<string>();
  /** What podpath was asked since nothing was known. */
  private readonly asked: ProbePacket[] = [];
  private limitsBefore: ReadonlyMap<string, IcmpLimits> = new Map();
  private counter = 0;

  /** `conntrack`: the connections that all hosts track are compared after every packet. */
  constructor(
    oracle: Oracle,
    network: Network,
    conntrack = false,
    memory = kernelMemory(),
    counters: ((host: string) => RuleCounters) | null = null,
  ) {
    this.oracle = oracle;
    this.counters = counters;
    this.conntrack = conntrack;
    this.memory = memory;
    this.network = network;
    this.session = createPacketSession(network, memory.limits);
  }

  /** Builds the namespaces of a lab, and the session of its Network. */
  static async of(oracle: Oracle, lab: Lab, mute: readonly string[] = [], conntrack = false): Promise<Duel> {
    const network = networkOf(lab);
    await oracle.build(toBuildRequest(network, { mute, forget: lab.forget ?? false, insists: lab.insists ?? false }));
    return new Duel(oracle, muted(network, mute), conntrack);
  }

  /** Another Network on podpath's side, after the kernel was told to change. */
  use(network: Network): void {
    this.network = network;
    this.session = createPacketSession(network, this.memory.limits);
    this.known.clear();
  }

  /** Sends one packet on both sides. Null when there is no earlier delivery to reply to. */
  async ask(given: ProbePacket): Promise<Round | null> {
    const packet: ProbePacket = { ...this.withSender(given), id: given.id ?? `p${this.counter++}` };
    const fresh = packet.fresh ?? packet.replyTo === undefined;
    const concrete = packet.replyTo === undefined ? whole(packet) : this.replyTo(packet.replyTo, packet);
    if (concrete === null) return null;
    if (fresh) this.identifications.clear();
    if (packet.pause !== undefined) await setTimeout(packet.pause * 1000);
    const result = await this.oracle.probe(forKernel(this.identified(concrete)), fresh, this.conntrack, packet.wait);
    if (fresh) {
      this.asked.length = 0;
      if (result.givenUp !== undefined) this.giveUp(result.givenUp - this.memory.built);
      this.limitsBefore = new Map(this.memory.limits);
    }
    const sent = result.at - this.memory.built;
    const at = packet.at ?? (fresh || this.clockRuns ? sent : undefined);
    // The answer to a packet that only the kernel has seen is told to podpath in full.
    const isTold = packet.replyTo === undefined || this.known.has(packet.replyTo);
    const told = { ...(isTold ? packet : concrete), fresh, ...(at === undefined ? {} : { at }) };
    const badChecksum = packet.badChecksum === true;
    const kernel = observeKernel(result, badChecksum);
    let judged = this.judge(result, kernel, this.askPodpath(this.session, told), told);
    const { built, slow } = this.memory;
    const instants = otherInstants({ at: sent, until: result.until - built }, this.asked.at(-1)?.at ?? 0, slow);
    let instant: Instant = "sent";
    for (const other of at === sent ? instants : []) {
      if (judged.differences.length === 0) break;
      const again = this.askAt(result, kernel, told, other.at);
      if (again.differences.length > 0) continue;
      judged = again;
      instant = other.instant;
    }
    this.asked.push(told);
    if (fresh) this.delivered.clear();
    const delivered = receiver(result, badChecksum);
    if (delivered !== null && packet.id !== undefined) {
      this.delivered.set(packet.id, { ...delivered, near: delivered.host === concrete.host, asked: concrete });
    }
    const { answer, branches, differences, nearest } = judged;
    // What was delivered may be a copy that TEE made, whose ends may be others than those of the packet.
    if (
      packet.id !== undefined &&
      branches.every((branch) => branch.together === null || isSameDelivery(kernel, branch))
    ) {
      this.known.add(packet.id);
    }
    for (const [host, limits] of nearest?.run.limits ?? []) this.memory.limits.set(host, limits);
    const round = { packet, kernel, branches, answer, result, differences, instant };
    countMet(round);
    return round;
  }

  /**
   * podpath sent the errors about neighbours that do not answer seconds after the packet, when they fail; the kernel when they
   * were given up. What is left of the limits is counted from then.
   */
  private giveUp(at: number): void {
    for (const [host, limits] of this.memory.limits) this.memory.limits.set(host, limitsAt(limits, at));
  }

  /** An answer beside what the kernel did: the branch that is nearest to it. */
  private judge(result: KernelResult, kernel: Observation, answer: Answer, { wait }: ProbePacket): Judged {
    const branches = answer.branches.map((branch) => observePodpath(branch, wait !== undefined));
    let differences: readonly string[] | null = null;
    let nearest: Branch | undefined;
    for (const [index, branch] of branches.entries()) {
      // A branch that stands for several may have drawn other ports and set other marks; where a packet goes round, nobody looks.
      const tables =
        branch.merged || kernel.outcome === "loop" || branch.usesUp
          ? null
          : (answer.branches[index]?.run.conntrack ?? null);
      const found = [
        ...compare(kernel, branch),
        ...(tables === null ? [] : compareConntrack(kernelTables(result.conntrack), tables, branch.freeDomains)),
      ];
      if (differences !== null && found.length >= differences.length) continue;
      differences = found;
      nearest = answer.branches[index];
    }
    return { answer, branches, nearest, differences: differences ?? ["podpath gave no branch"] };
  }

  /** The sequence asked again, with its last packet at another instant; podpath goes on with that if they agree then. */
  private askAt(result: KernelResult, kernel: Observation, told: ProbePacket, at: number): Judged {
    const session = createPacketSession(this.network, this.limitsBefore);
    for (const packet of this.asked) this.askPodpath(session, packet);
    const judged = this.judge(result, kernel, this.askPodpath(session, { ...told, at }), told);
    if (judged.differences.length === 0) this.session = session;
    return judged;
  }

  /**
   * Sends one packet on both sides and demands that they agree. One that begins with nothing known is sent a second time where they do not:
   * on a busy machine the kernel's softirq may end a packet in another process, whose drops the oracle does not see.
   */
  async agree(packet: ProbePacket): Promise<Round> {
    const first = await this.ask(packet);
    const isFresh = packet.fresh ?? packet.replyTo === undefined;
    const round = isFresh && first !== null && first.differences.length > 0 ? await this.ask(packet) : first;
    if (round === null) throw new Error("nothing was delivered that could be answered");
    if (round.differences.length > 0) {
      throw new Error(
        `podpath and the kernel differ about ${JSON.stringify(packet)}:\n${round.differences.join("\n")}`,
      );
    }
    return round;
  }

  /** The packet with the MAC address that it comes from, where several could have sent it or nobody that podpath knows. */
  private withSender(packet: ProbePacket): ProbePacket {
    const { host, interface: device, smac } = packet;
    if (device === undefined || smac !== undefined) return packet;
    const link = this.network.links.find(({ members }) =>
      members.some((member) => member.host === host && member.interface === device),
    );
    const others = link?.members.filter((member) => member.host !== host || member.interface !== device) ?? [];
    const [other] = others;
    if (link?.closed === true && others.length === 1) return packet;
    const mac = other === undefined ? null : this.network.hosts.get(other.host)?.interfaces.get(other.interface)?.mac;
    return { ...packet, smac: mac ?? STRANGER };
  }

  /** The packet with an identification that the kernel has not met: one for each that the sequence names. */
  private identified(packet: ProbePacket): ProbePacket {
    if (packet.ipid === undefined) return packet;
    const known = this.identifications.get(packet.ipid);
    const ipid = known ?? 20_000 + (this.memory.identifications++ % 45_000);
    this.identifications.set(packet.ipid, ipid);
    return { ...packet, ipid };
  }

  private askPodpath(session: PacketSession, packet: ProbePacket): Answer {
    const said = session.ask(
      { ...question(packet), answers: true },
      { conntrack: this.conntrack, indexing: "always", ...(this.counters === null ? {} : { counters: this.counters }) },
    );
    if ("findings" in said) throw new Error(said.findings.map(({ message }) => message).join("; "));
    return said.answer;
  }

  /** The natural answer (`src/trace/natural-reply.ts`) to what the kernel delivered. */
  private replyTo(id: string, packet: ProbePacket): ProbePacket | null {
    const received = this.delivered.get(id);
    const natural = received === undefined ? null : naturalAnswer(received, packet);
    if (natural === null) return null;
    const { flags, seq, ack, length, chunks, vtag, initTag, tFlag } = packet;
    const given = Object.entries({ flags, seq, ack, length, chunks, vtag, initTag, tFlag });
    return { ...natural, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) };
  }
}

/** Reads a packet as `podpath probe` does. */
function question({ wholeLength: _wholeLength, wait: _wait, pause: _pause, ...packet }: ProbePacket): PacketQuestion {
  const parsed = parsePacketLine(JSON.stringify(packet), { file: "probe", line: 1 });
  if ("findings" in parsed) {
    throw new Error(`${JSON.stringify(packet)}: ${parsed.findings.map(({ message }) => message).join("; ")}`);
  }
  return parsed.question;
}

/** The packet with the header that podpath takes to be there where nobody told a length. */
function whole(packet: ProbePacket): ProbePacket {
  const { proto, length, extensions, fragOffset } = packet;
  if (typeof proto !== "number" || length !== undefined || extensions !== undefined || fragOffset !== undefined)
    return packet;
  return { ...packet, length: leastPayload(proto) };
}

/** podpath's defaults, where the oracle's are others. */
function forKernel(packet: ProbePacket): object {
  const { replyTo: _replyTo, fresh: _fresh, id: _id, at: _at, wait: _wait, pause: _pause, icmpMtu, ...rest } = packet;
  return {
    proto: packet.dst?.includes(":") === true ? "icmpv6" : "icmp",
    window: 64240,
    icmpId: 1,
    icmpSeq: 1,
    mtu: icmpMtu ?? 0,
    ...rest,
  };
}
