import type { Doubt } from "../emulator/assumption.ts";
import { inject } from "../emulator/inject.ts";
import { originate } from "../emulator/originate.ts";
import { createWorld, runtimeOf, settle, type World } from "../emulator/world.ts";
import type { Chooser } from "../linux/chooser.ts";
import { copyLimits, type IcmpLimits, limitsAt } from "../linux/icmp-limit.ts";
import type { Indexing } from "../linux/netfilter/chain-index.ts";
import type { HostRuntime, RuleCounters } from "../linux/runtime.ts";
import type { Finding } from "../model/finding.ts";
import { knowledgeOf } from "../model/host.ts";
import { networkInterface } from "../model/interface.ts";
import { didYouMean, misspelt } from "../model/nearest.ts";
import type { Network } from "../model/network.ts";
import { copyPacket, type Packet } from "../net/packet.ts";
import { connectionTables } from "./connection-tables.ts";
import { exploreRuns } from "./explore-runs.ts";
import { naturalReply } from "./natural-reply.ts";
import type { PacketQuestion } from "./packet-question.ts";
import type { AskOptions } from "./probe.ts";
import { type Recording, recorder } from "./recorder.ts";
import { type Answer, type Run, toAnswer } from "./result.ts";
import { strictly } from "./strict.ts";

/** Packets asked one after the other, with the state that earlier ones left behind where a packet keeps it. */
export interface PacketSession {
  ask(question: PacketQuestion, options?: SessionOptions): SessionAnswer;
}

export interface SessionOptions extends Pick<AskOptions, "everyRule" | "steps" | "strict"> {
  /** True: what the hosts' connection tables hold after the packet (`Run.conntrack`). */
  readonly conntrack?: boolean;
  readonly indexing?: Indexing;
  /** Hears of every rule and policy that packets meet. */
  readonly counters?: (host: string) => RuleCounters;
}

export type SessionAnswer = { readonly answer: Answer } | { readonly findings: readonly Finding[] };

/** A World on its way through a sequence of packets. */
interface Live {
  readonly world: World;
  readonly recording: Recording | null;
  /** The journey of each question asked in it, by the question's id. */
  readonly first: Map<string, number>;
  /** Virtual time of the last question. */
  askedAt: number;
  choose: Chooser;
  /** It catches up with earlier packets. */
  replays: boolean;
}

/**
 * `limits`: what the hosts have sent of ICMP before the next packet that is `fresh`; for whoever asks a kernel the same, where
 * `fresh` forgets everything but those limits, and goes on with what the kernel's branch says (`Run.limits`). Left out,
 * they are forgotten too.
 */
export function createPacketSession(
  network: Network,
  limits: ReadonlyMap<string, IcmpLimits> | null = null,
): PacketSession {
  let before: ReadonlyMap<string, IcmpLimits> | null = null;
  let sequence: PacketQuestion[] = [];
  let live: Live | null = null;
  return {
    ask(question, options = {}) {
      const problem = validate(network, question, sequence);
      if (problem !== null) return { findings: [problem] };
      if (question.fresh) {
        sequence = [];
        live = null;
        before = limits === null ? null : untilNow(limits, question.at ?? 0);
      }
      const earlier = sequence;
      sequence = [...earlier, question];
      let reusable = live;
      live = null;
      let last: Live | null = null;
      let waited = false;
      const exploration = exploreRuns((choose) => {
        const current: Live = reusable ?? replay(network, earlier, question, options, choose, null, before);
        reusable = null;
        current.choose = choose;
        last = current;
        const run = askIn(current, question, Number.POSITIVE_INFINITY, {
          tables: options.conntrack ?? false,
          limits: limits !== null,
        });
        waited ||= current.world.now > current.askedAt;
        return run;
      });
      // Where timers ran on, the next packet comes before them: it is asked in a World that has not waited.
      if (exploration.leaves.length === 1 && !waited) live = last;
      const answer = toAnswer(network, exploration);
      if (options.strict !== true) return { answer };
      const doubting = (doubt: Doubt): Answer =>
        toAnswer(
          network,
          exploreRuns((choose) =>
            askIn(
              replay(network, earlier, question, { steps: false }, choose, doubt, before),
              question,
              Number.POSITIVE_INFINITY,
            ),
          ),
        );
      return { answer: strictly(answer, doubting) };
    },
  };
}

/** Seconds after which a neighbour that does not answer is given up: more than three, as `fresh` makes a kernel give it up. */
const NEIGHBOUR_FAILS = 5;

/** Limits as they are at a time: what a neighbour's failing sends later has been sent by then. */
function untilNow(limits: ReadonlyMap<string, IcmpLimits>, now: number): ReadonlyMap<string, IcmpLimits> {
  return new Map([...limits].map(([name, kept]) => [name, limitsAt(kept, now)]));
}

function limitsOf({ hosts }: World): ReadonlyMap<string, IcmpLimits> {
  return new Map([...hosts].map(([name, { icmpLimits }]) => [name, copyLimits(icmpLimits)]));
}

function validate(network: Network, question: PacketQuestion, before: readonly PacketQuestion[]): Finding | null {
  if (question.replyTo !== null && !before.some((earlier) => earlier.id === question.replyTo)) {
    return {
      code: "unknown-packet",
      severity: "error",
      message: `there is no earlier packet "${question.replyTo}" whose state was kept`,
      advice: "replyTo names the id of a packet since the last one with fresh state.",
    };
  }
  if (question.host === null) return null;
  const host = network.hosts.get(question.host);
  if (host === undefined) {
    const names = [...network.hosts.keys()];
    return {
      code: "unknown-host",
      severity: "error",
      message: `there is no host "${question.host}"`,
      advice: didYouMean(question.host, names) ?? `Hosts: ${names.slice(0, 10).join(", ")}.`,
    };
  }
  if (question.interface === null || host.interfaces.has(question.interface)) return null;
  if (knowledgeOf(host, "interfaces") === "unknown") return null;
  const like = misspelt(question.interface, host.interfaces.keys());
  return {
    code: "unknown-interface",
    severity: "error",
    message: `${question.host} has no interface "${question.interface}"`,
    advice: `${like === null ? "" : `Did you mean ${like}? `}It has ${[...host.interfaces.keys()].join(", ")}.`,
  };
}

/** A new World in which the earlier packets have been sent. */
function replay(
  network: Network,
  before: readonly PacketQuestion[],
  question: PacketQuestion,
  options: SessionOptions,
  choose: Chooser,
  doubt: Doubt | null,
  limits: ReadonlyMap<string, IcmpLimits> | null,
): Live {
  const recording = options.steps === false ? null : recorder(options.everyRule ?? false);
  const { assume } = question;
  const { counters: countersOf } = options;
  const live: Live = {
    world: createWorld(network, {
      choose: (choice) => live.choose(choice),
      observer: recording?.observer ?? null,
      empty: (before[0] ?? question).empty,
      supposition:
        assume === null ? null : { route: assume.route, outInterface: assume.outInterface, ctState: assume.ctState },
      doubt,
      indexing: options.indexing ?? "adaptive",
      limits,
      counters: countersOf === undefined ? null : (host) => unlessReplayed(countersOf(host), live),
    }),
    recording,
    first: new Map(),
    askedAt: 0,
    choose,
    replays: true,
  };
  before.forEach((earlier, index) => {
    askIn(live, earlier, (before[index + 1] ?? question).at ?? 0);
  });
  live.replays = false;
  return live;
}

/** Earlier packets are counted when they are asked about, not when a new World has to catch up with them. */
function unlessReplayed(counters: RuleCounters, live: Live): RuleCounters {
  return {
    count: (chain, rule, skb) => {
      if (!live.replays) counters.count(chain, rule, skb);
    },
    countPolicy: (chain, skb) => {
      if (!live.replays) counters.countPolicy(chain, skb);
    },
  };
}

/** What the asker wants to know of the hosts after the packet. */
interface Wants {
  readonly tables: boolean;
  readonly limits: boolean;
}

const NOTHING: Wants = { tables: false, limits: false };

/** Asks, and lets time pass until then at most: timers that are due later wait for the next question. */
function askIn(live: Live, question: PacketQuestion, until: number, wants: Wants = NOTHING): Run {
  const { world } = live;
  world.answers = question.answers;
  if (question.at !== null && question.at > world.now) {
    settle(world, question.at);
    world.now = question.at;
  }
  const first = world.journeys.length;
  live.first.set(question.id, first);
  live.askedAt = world.now;
  sendQuestion(live, question);
  // Before timers run on, which would let connections expire.
  if (wants.tables) settle(world, world.now);
  const conntrack = wants.tables ? connectionTables(world) : null;
  if (wants.limits) settle(world, world.now + NEIGHBOUR_FAILS);
  const limits = wants.limits ? limitsOf(world) : null;
  settle(world, Math.max(until, world.now));
  return {
    journeys: question.replyTo === null && first === 0 ? world.journeys : [...world.journeys],
    first,
    steps: live.recording?.steps ?? new Map(),
    report: null,
    assumptions: [...world.assumptions.values()],
    freeDomains: world.services.freeValues.domains,
    conntrack,
    limits,
  };
}

function sendQuestion(live: Live, question: PacketQuestion): void {
  const { world } = live;
  const reply = question.replyTo === null ? null : replyOf(live, question.replyTo);
  const runtime = runtimeOf(world, question.host ?? reply?.host ?? "");
  const content: Packet | null =
    question.packet === null ? changed(reply?.packet ?? null, question.changes) : copyPacket(question.packet);
  if (runtime === null || content === null) return;
  if (question.interface !== null) {
    inject(world, runtime, deviceOf(runtime, question.interface), content, {
      sourceMac: question.smac,
      destinationMac: question.dmac,
      mark: question.mark,
    });
    return;
  }
  originate(world, runtime, content, {
    kind: "request",
    cause: null,
    mark: question.mark,
    // Of other users than root only they themselves know their group.
    owner: { uid: question.uid, gid: question.uid === 0 ? 0 : null },
    boundInterface: question.bindInterface,
    raw: question.raw,
    selectSource: !question.hasSource && reply === null,
  });
}

function changed(reply: Packet | null, changes: Partial<Packet>): Packet | null {
  return reply === null ? null : { ...reply, ...changes };
}

/** A host without dumped interfaces has whichever a packet arrives on. */
function deviceOf(runtime: HostRuntime, name: string): ReturnType<typeof networkInterface> {
  return runtime.host.interfaces.get(name) ?? networkInterface({ name });
}

function replyOf(live: Live, id: string): { readonly host: string; readonly packet: Packet } | null {
  const journey = live.world.journeys[live.first.get(id) ?? -1];
  const end = journey?.end ?? null;
  if (end === null || end.ending.outcome !== "delivered") return null;
  const answer = naturalReply(end.packet);
  return answer === null ? null : { host: end.host, packet: answer };
}
