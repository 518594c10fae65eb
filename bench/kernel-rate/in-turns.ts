import { readFileSync, writeFileSync } from "node:fs";
import { digits } from "../benchmark.ts";
import { type RateCase, RUNS, warmPipeline } from "../engine-rate.ts";
import { PACKETS } from "../traffic.ts";
import { moveTo } from "./cores.ts";
import { FRAME_BYTES, framesOf } from "./frames.ts";
import { buildLaboratory, type Laboratory, received, removeLaboratory, run } from "./namespaces.ts";

const SECONDS = 0.25;
export const MOST = 2_000_000;
export const BACKENDS = ["legacy", "nft"] as const;

/** Where the sender and the frames that it sends are. */
export interface Sending {
  readonly sender: string;
  readonly frames: string;
}

/** Microseconds a packet. */
type Shortest = { readonly [side in "podpath" | (typeof BACKENDS)[number]]: number };

/**
 * Microseconds a packet, the shortest run of each. They take turns: what else the machine does for a minute then slows all of them
 * down. Where each packet opens a connection, each is sent once, through a router that knows none; else all turns are of the same
 * flows, which both sides know after the first.
 */
export function inTurns(item: RateCase, sending: Sending, cores: readonly number[]): Shortest {
  writeFileSync(sending.frames, framesOf(item.flows));
  const most = item.opens ? Math.min(PACKETS, connectionsAllowed()) : MOST;
  const pipeline = warmPipeline(item);
  const shortest = { podpath: Infinity, legacy: Infinity, nft: Infinity };
  const standing = new Map<string, Laboratory>();
  for (let turn = 0; turn < RUNS; turn++) {
    const core = cores[turn % cores.length] ?? 0;
    moveTo([core]);
    shortest.podpath = Math.min(shortest.podpath, 1e6 / pipeline());
    for (const backend of BACKENDS) {
      const lab = standing.get(backend) ?? routerWith(item.rules, backend);
      const time = send(sending, lab, { lab: lab.sink, device: "k0" }, most, core);
      shortest[backend] = Math.min(shortest[backend], time);
      if (item.opens) removeLaboratory(lab);
      else standing.set(backend, lab);
    }
  }
  for (const lab of standing.values()) removeLaboratory(lab);
  return shortest;
}

function routerWith(rules: string, backend: (typeof BACKENDS)[number]): Laboratory {
  const lab = buildLaboratory();
  run(["ip", "netns", "exec", lab.router, `iptables-${backend}-restore`, "-w", "20"], rules);
  return lab;
}

/** Three quarters of nf_conntrack_max, beyond which new connections are dropped. */
function connectionsAllowed(): number {
  return Math.floor(Number(readFileSync("/proc/sys/net/netfilter/nf_conntrack_max", "utf8")) * 0.75);
}

/** Microseconds for each frame; all must arrive. */
export function send(
  { sender, frames }: Sending,
  lab: Laboratory,
  end: { readonly lab: string; readonly device: string },
  most: number,
  core: number,
): number {
  const before = received(end.lab, end.device);
  const words = ["ip", "netns", "exec", lab.sender, sender, "s0", frames, FRAME_BYTES, most, SECONDS, core].map(String);
  const output = run(words);
  const sent = Number(/sent (\d+)/.exec(output)?.[1]);
  const nanoseconds = Number(/nanoseconds (\d+)/.exec(output)?.[1]);
  const arrived = received(end.lab, end.device) - before;
  if (arrived < sent * 0.99) process.stderr.write(`  only ${digits((arrived / sent) * 100)} % of the frames arrived\n`);
  return nanoseconds / 1000 / sent;
}
