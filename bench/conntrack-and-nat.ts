import { readdirSync, readFileSync } from "node:fs";
import { originate } from "../src/emulator/originate.ts";
import { createWorld, runtimeOf, settle, type World } from "../src/emulator/world.ts";
import type { HostRuntime } from "../src/linux/runtime.ts";
import type { Network } from "../src/model/network.ts";
import { type Address, formatAddress } from "../src/net/address.ts";
import { type Packet, packet } from "../src/net/packet.ts";
import { UDP } from "../src/net/protocol.ts";
import { readSnapshot } from "../src/readers/snapshot/read-snapshot.ts";
import { type Benchmark, CHUNK, digits, ratePerSecond, say, sayTable } from "./benchmark.ts";

const FROM = "pod/default/a";
const TO = "pod/default/c";
/** Flows of which each way is established before the clock starts. */
const FLOWS = 4096;

/** Whole paths a second from pod to pod over two nodes, with Calico's and kube-proxy's rules as captured. */
export const conntrackAndNat: Benchmark = {
  name: "conntrack-and-nat",
  async run() {
    const network = readCaptured("scenarios/debian-firewall-blocks-bgp/healthy/snapshot");
    const source = addressOf(network, FROM);
    const destination = addressOf(network, TO);
    const flow = (index: number, back: boolean): Packet =>
      packet({
        src: back ? destination : source,
        dst: back ? source : destination,
        protocol: UDP,
        sport: back ? 5001 : 10_000 + index,
        dport: back ? 10_000 + index : 5001,
      });
    const established = (): number => {
      const { world, sender, receiver } = worldOf(network);
      for (let index = 0; index < FLOWS; index++) {
        go(world, sender, flow(index, false));
        go(world, receiver, flow(index, true));
      }
      return ratePerSecond(FLOWS, (from) => {
        for (let index = from; index < from + CHUNK; index++) go(world, sender, flow(index, false));
        world.journeys.length = 0;
      });
    };
    const opening = (): number => {
      let place = worldOf(network);
      return ratePerSecond(FLOWS, (from) => {
        if (from === 0) place = worldOf(network);
        for (let index = from; index < from + CHUNK; index++) go(place.world, place.sender, flow(index, false));
        place.world.journeys.length = 0;
      });
    };
    const yardstick = rememberedRate(flow);
    const row = (name: string, rate: number): string[] => [
      name,
      digits(rate),
      digits(1e6 / rate),
      digits(rate / yardstick),
    ];
    say(`  ${FROM} to ${TO} of the healthy capture: four namespaces, ${chainsOf(network)} chains; one way, UDP`);
    sayTable(
      ["", "paths/s", "µs", "x remembering"],
      [
        row("established flows", established()),
        row("new flow each", opening()),
        row("remembering: a Map of texts in each of four hosts", yardstick),
      ],
    );
  },
};

function readCaptured(folder: string): Network {
  const files = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = `${entry.parentPath}/${entry.name}`;
    if (entry.isFile()) files.set(path.slice(folder.length + 1), readFileSync(path, "utf8"));
  }
  return readSnapshot({ name: "healthy", files }).network;
}

function addressOf(network: Network, endpoint: string): Address {
  const found = network.endpoints.get(endpoint)?.addresses.find(({ family }) => family === 4);
  if (found === undefined) throw new Error(`no IPv4 address of ${endpoint}`);
  return found;
}

function worldOf(network: Network): {
  readonly world: World;
  readonly sender: HostRuntime;
  readonly receiver: HostRuntime;
} {
  const world = createWorld(network, { choose: () => 0, answers: false, empty: true });
  const sender = runtimeOf(world, FROM);
  const receiver = runtimeOf(world, TO);
  if (sender === null || receiver === null) throw new Error("a pod of the capture is missing");
  return { world, sender, receiver };
}

function go(world: World, sender: HostRuntime, content: Packet): void {
  const journey = originate(world, sender, content, { kind: "request", cause: null });
  settle(world);
  if (journey.end?.ending.outcome !== "delivered") throw new Error(`a packet went astray: ${journey.end?.ending.text}`);
}

function chainsOf(network: Network): number {
  let chains = 0;
  for (const { rulesets } of network.hosts.values()) {
    for (const { tables } of rulesets) for (const table of tables.values()) chains += table.chains.size;
  }
  return chains;
}

/** A simulator that knows every answer by heart: the packet's text looked up once in each of the four hosts. */
function rememberedRate(flow: (index: number, back: boolean) => Packet): number {
  const textOf = (p: Packet): string =>
    `${p.protocol} ${formatAddress(p.src)} ${p.sport} ${formatAddress(p.dst)} ${p.dport}`;
  const hosts = Array.from({ length: 4 }, (_, host) => {
    return new Map(Array.from({ length: FLOWS }, (_, index) => [textOf(flow(index, false)), host] as const));
  });
  let sum = 0;
  const rate = ratePerSecond(FLOWS, (from) => {
    for (let index = from; index < from + CHUNK; index++) {
      const content = flow(index, false);
      for (const host of hosts) sum += host.get(textOf(content)) ?? 0;
    }
  });
  if (sum === 0) throw new Error("nothing was remembered");
  return rate;
}
