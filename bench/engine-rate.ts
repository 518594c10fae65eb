import { inject } from "../src/emulator/inject.ts";
import { createWorld, runtimeOf, settle, type World } from "../src/emulator/world.ts";
import type { Chooser } from "../src/linux/chooser.ts";
import { hooksOf } from "../src/linux/compiled-host.ts";
import type { BoundChain } from "../src/linux/netfilter/table-image.ts";
import { traverse } from "../src/linux/netfilter/traverse.ts";
import { FORWARD, type Hook, PREROUTING } from "../src/linux/netfilter/verdict.ts";
import type { HostRuntime } from "../src/linux/runtime.ts";
import { skb } from "../src/linux/skb.ts";
import type { Interface } from "../src/model/interface.ts";
import type { Network } from "../src/model/network.ts";
import { compareAddresses, ipv4 } from "../src/net/address.ts";
import { copyPacket, type Packet, packet } from "../src/net/packet.ts";
import { SYN } from "../src/net/tcp-flags.ts";
import type { PacketQuestion } from "../src/trace/packet-question.ts";
import { createPacketSession } from "../src/trace/packet-session.ts";
import { BUDGET, CHUNK, randomNumbers, ratePerSecond } from "./benchmark.ts";
import { ROUTER, routerNetwork } from "./router.ts";
import { linearRules, noRules, serviceRules } from "./rulesets.ts";
import { type Flow, linearFlows, PACKETS, serviceFlows } from "./traffic.ts";

/** A ruleset and the packets that cross it, for podpath and for the kernel alike. */
export interface RateCase {
  readonly name: string;
  readonly rules: string;
  readonly flows: readonly Flow[];
  /** Chain of the figure for the bare chain. */
  readonly hook: "FORWARD" | "PREROUTING";
  /** Every packet opens a connection, so that a flow counts once. */
  readonly opens: boolean;
  /** How many times the kernel's own rate is aimed at; null: nothing is. */
  readonly target: number | null;
}

const NO_RULES: RateCase = {
  name: "no rules",
  rules: noRules(),
  flows: linearFlows(100),
  hook: "FORWARD",
  opens: false,
  target: 1,
};

function linear(rules: number, target: number | null): RateCase {
  return {
    name: `${rules.toLocaleString("en-US")} linear rules`,
    rules: linearRules(rules),
    flows: linearFlows(rules),
    hook: "FORWARD",
    opens: false,
    target,
  };
}

function services(count: number, target: number | null): RateCase {
  return {
    name: `${count.toLocaleString("en-US")} Services`,
    rules: serviceRules(count),
    flows: serviceFlows(count),
    hook: "PREROUTING",
    opens: true,
    target,
  };
}

/** Made one at a time: all of them at once would fill the caches and the heap. */
export const RATE_CASES: readonly (() => RateCase)[] = [
  () => NO_RULES,
  () => linear(1000, 3),
  () => linear(10_000, 20),
  () => services(1000, null),
  () => services(5000, 4),
];

/** Packets per second. */
export interface EngineRates {
  /** `traverse` on the built-in chain alone. */
  readonly chain: number;
  /**
   * Received, tracked, routed, filtered, translated and sent: the path of `podpath probe` without question and answer.
   * By the clock on the wall, the best of thirty quarters of a second, as the kernel is measured.
   */
  readonly pipeline: number;
  /** One question of a packet session, fresh state each, outcomes only. */
  readonly probe: number;
  /** The same with the steps written down. */
  readonly traced: number;
}

const pipelines = new Map<string, number>();

/** Packets per second through the pipeline, measured once per run of the benchmarks. */
export function pipelineOf(item: RateCase): number {
  const known = pipelines.get(item.name);
  if (known !== undefined) return known;
  const run = warmPipeline(item);
  const rate = Math.max(...Array.from({ length: RUNS }, run));
  notePipeline(item, rate);
  return rate;
}

/** What another benchmark measured of the pipeline, before it ran the same code in another way. */
export function notePipeline(item: RateCase, rate: number): void {
  pipelines.set(item.name, rate);
}

/** All rates of a case. */
export function engineRates(item: RateCase): EngineRates {
  const network = routerNetwork(item.rules);
  const packets = item.flows.map(toPacket);
  return {
    chain: chainRate(network, packets, item.hook),
    pipeline: pipelineOf(item),
    probe: probeRate(network, packets, false),
    traced: probeRate(network, packets, true),
  };
}

export function toPacket(flow: Flow): Packet {
  return packet({
    src: ipv4(flow.src),
    dst: ipv4(flow.dst),
    protocol: flow.protocol,
    sport: flow.sport,
    dport: flow.dport,
    flags: flow.protocol === 6 ? SYN : 0,
  });
}

/** Draws as the emulator does, the same way in every run. */
function drawing(): Chooser {
  const random = randomNumbers(1);
  return ({ alternatives }) => {
    let left = random(1_000_000) / 1_000_000;
    for (let index = 0; index < alternatives.length; index++) {
      left -= alternatives[index]?.probability ?? 0;
      if (left < 0) return index;
    }
    return 0;
  };
}

interface Place {
  readonly world: World;
  readonly runtime: HostRuntime;
  readonly input: Interface;
  readonly output: Interface;
}

function placeIn(network: Network): Place {
  const world = createWorld(network, { choose: drawing(), answers: false });
  const runtime = runtimeOf(world, ROUTER.name);
  const input = runtime?.host.interfaces.get(ROUTER.inside.name);
  const output = runtime?.host.interfaces.get(ROUTER.outside.name);
  if (runtime === null || input === undefined || output === undefined)
    throw new Error("the router is not in its network");
  return { world, runtime, input, output };
}

function chainAt(runtime: HostRuntime, hook: Hook): BoundChain {
  for (const stage of hooksOf(runtime.compiled, 4).stages[hook] ?? []) {
    if (stage.kind === "table" && stage.table === "filter") return stage.chain;
    if (stage.kind === "nat" && stage.chains[0] !== undefined) return stage.chains[0];
  }
  throw new Error("no chain at the hook");
}

function chainRate(network: Network, packets: readonly Packet[], name: RateCase["hook"]): number {
  const { runtime, input, output } = placeIn(network);
  const hook = name === "FORWARD" ? FORWARD : PREROUTING;
  const chain = chainAt(runtime, hook);
  const frames = packets.map((content, index) => {
    const frame = skb(content, index);
    frame.input = input;
    frame.output = hook === FORWARD ? output : null;
    return frame;
  });
  return ratePerSecond(PACKETS, (from) => {
    for (let index = from; index < from + CHUNK; index++) {
      const frame = frames[index];
      if (frame !== undefined) traverse(chain, frame, runtime, hook);
    }
  });
}

/** Milliseconds and number of the runs of which the shortest counts. */
const RUN = 250;
/** Also of the kernel: the wall clock runs on while another program has the core, or the memory. */
export const RUNS = 30;

/** Packets per second of one run, a quarter of a second by the clock on the wall. */
export type PipelineRun = () => number;

/**
 * A warm pipeline. The packets go round in one World, so that all but the first of a flow find its connection; where each is to
 * open one, a new World is made for every round. Making Worlds and packets is not counted, nor is clearing away the World before, as
 * removing the kernel's router is not.
 */
export function warmPipeline(item: RateCase): PipelineRun {
  const network = routerNetwork(item.rules);
  const packets = item.flows.map(toPacket);
  const copies = packets.map(copyPacket);
  let place = placeIn(network);
  const round = (milliseconds: number): { readonly done: number; readonly spent: number } => {
    if (item.opens) place = placeIn(network);
    globalThis.gc?.();
    let done = 0;
    let spent = 0;
    for (; done < PACKETS && spent < milliseconds; done += CHUNK) {
      renewChunk(copies, packets, done);
      const start = performance.now();
      sendChunk(place, copies, done);
      spent += performance.now() - start;
    }
    return { done, spent };
  };
  const runFor = (milliseconds: number): number => {
    let spent = 0;
    let done = 0;
    while (spent < milliseconds) {
      const one = round(milliseconds - spent);
      spent += one.spent;
      done += one.done;
    }
    return (done / spent) * 1000;
  };
  runFor(BUDGET);
  return () => runFor(RUN);
}

/**
 * What packets were before they were forwarded, in the same objects: new ones each round would be collected while packets are timed.
 * Few at a time, and read, so that they are as near at hand as whatever has just been made.
 */
function renewChunk(copies: readonly Packet[], packets: readonly Packet[], from: number): void {
  for (let at = from; at < from + CHUNK; at++) {
    const copy = copies[at];
    const before = packets[at];
    if (copy === undefined || before === undefined) continue;
    Object.assign(copy, before);
    if (compareAddresses(copy.src, copy.dst) === 0) throw new Error("a packet to its own sender");
  }
}

const FRAME = { sourceMac: ROUTER.sender.mac, destinationMac: ROUTER.inside.mac, mark: 0 };

function sendChunk({ world, runtime, input }: Place, copies: readonly Packet[], from: number): void {
  for (let at = from; at < from + CHUNK; at++) {
    const copy = copies[at];
    if (copy === undefined) continue;
    const journey = inject(world, runtime, input, copy, FRAME);
    settle(world);
    if (journey.end?.ending.outcome !== "left") throw new Error(`a packet went astray: ${journey.end?.ending.text}`);
  }
  // what was answered is forgotten, as by a sweep that only counts
  world.journeys.length = 0;
}

function probeRate(network: Network, packets: readonly Packet[], steps: boolean): number {
  const session = createPacketSession(network);
  const questions = packets.map((content, index) => question(`packet ${index}`, content));
  return ratePerSecond(PACKETS, (from) => {
    for (let index = from; index < from + CHUNK; index++) {
      const asked = questions[index];
      if (asked !== undefined) session.ask(asked, { steps });
    }
  });
}

export function question(id: string, content: Packet): PacketQuestion {
  return {
    id,
    host: ROUTER.name,
    interface: ROUTER.inside.name,
    packet: content,
    changes: {},
    hasSource: true,
    raw: false,
    mark: 0,
    uid: 0,
    bindInterface: null,
    smac: ROUTER.sender.mac,
    dmac: ROUTER.inside.mac,
    replyTo: null,
    fresh: true,
    empty: false,
    at: null,
    answers: false,
    assume: null,
  };
}
