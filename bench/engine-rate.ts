import { createWorld, inject, runtimeOf, settle, type World } from "../src/emulator/world.ts";
import type { Chooser } from "../src/linux/chooser.ts";
import type { BoundChain } from "../src/linux/netfilter/program.ts";
import { traverse } from "../src/linux/netfilter/traverse.ts";
import { FORWARD, type Hook, PREROUTING } from "../src/linux/netfilter/verdict.ts";
import type { HostRuntime } from "../src/linux/runtime.ts";
import { skb } from "../src/linux/skb.ts";
import type { Interface } from "../src/model/interface.ts";
import type { Network } from "../src/model/network.ts";
import { ipv4 } from "../src/net/address.ts";
import { copyPacket, type Packet, packet } from "../src/net/packet.ts";
import { SYN } from "../src/net/tcp-flags.ts";
import type { PacketQuestion } from "../src/trace/packet-question.ts";
import { createPacketSession } from "../src/trace/packet-session.ts";
import { BUDGET, CHUNK, cpuTime, randomNumbers, ratePerSecond } from "./benchmark.ts";
import { ROUTER, routerNetwork } from "./router.ts";
import { linearRules, serviceRules } from "./rulesets.ts";
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
}

function linear(rules: number): RateCase {
  return {
    name: `${rules.toLocaleString("en-US")} linear rules`,
    rules: linearRules(rules),
    flows: linearFlows(rules),
    hook: "FORWARD",
    opens: false,
  };
}

function services(count: number): RateCase {
  return {
    name: `${count.toLocaleString("en-US")} Services`,
    rules: serviceRules(count),
    flows: serviceFlows(count),
    hook: "PREROUTING",
    opens: true,
  };
}

/** Made one at a time: all of them at once would fill the caches and the heap. */
export const RATE_CASES: readonly (() => RateCase)[] = [
  () => linear(100),
  () => linear(1000),
  () => linear(10_000),
  () => services(1000),
  () => services(5000),
];

/** Packets per second. */
export interface EngineRates {
  /** `traverse` on the built-in chain alone. */
  readonly chain: number;
  /** Received, routed, filtered, translated and sent: the path of `podpath probe` without question and answer. */
  readonly pipeline: number;
  /** One question of a packet session, fresh state each, outcomes only. */
  readonly probe: number;
  /** The same with the steps written down. */
  readonly traced: number;
}

const measured = new Map<string, EngineRates>();

/** Rates of a case, measured once per run of the benchmarks. */
export function engineRates(item: RateCase): EngineRates {
  const known = measured.get(item.name);
  if (known !== undefined) return known;
  const network = routerNetwork(item.rules);
  const packets = item.flows.map(toPacket);
  const rates = {
    chain: chainRate(network, packets, item.hook),
    pipeline: pipelineRate(network, packets),
    probe: probeRate(network, packets, false),
    traced: probeRate(network, packets, true),
  };
  measured.set(item.name, rates);
  return rates;
}

function toPacket(flow: Flow): Packet {
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
  for (const stage of runtime.compiled.hooks[4].stages[hook] ?? []) {
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

/** Runs until the budget is spent, in Worlds that see each packet once; making them and the packets is not counted. */
function pipelineRate(network: Network, packets: readonly Packet[]): number {
  const frame = { sourceMac: ROUTER.sender.mac, destinationMac: ROUTER.inside.mac, mark: 0 };
  const runFor = (milliseconds: number): number => {
    let spent = 0;
    let done = 0;
    while (spent < milliseconds) {
      const { world, runtime, input } = placeIn(network);
      const copies = packets.map(copyPacket);
      globalThis.gc?.();
      const start = cpuTime();
      let at = 0;
      while (at < PACKETS && spent + cpuTime() - start < milliseconds) {
        for (const end = at + CHUNK; at < end; at++) {
          const copy = copies[at];
          if (copy === undefined) continue;
          const journey = inject(world, runtime, input, copy, frame);
          settle(world);
          if (journey.end?.ending.outcome !== "left")
            throw new Error(`a packet went astray: ${journey.end?.ending.text}`);
        }
        // what was answered is forgotten, as by a sweep that only counts
        world.journeys.length = 0;
      }
      spent += cpuTime() - start;
      done += at;
    }
    return (done / spent) * 1000;
  };
  runFor(BUDGET);
  return runFor(BUDGET);
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

function question(id: string, content: Packet): PacketQuestion {
  return {
    id,
    host: ROUTER.name,
    interface: ROUTER.inside.name,
    packet: content,
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
