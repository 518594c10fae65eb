import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { type Benchmark, digits, say, sayTable } from "../benchmark.ts";
import { notePipeline, RATE_CASES, type RateCase, RUNS, warmPipeline } from "../engine-rate.ts";
import { ROUTER } from "../router.ts";
import { linearFlows, PACKETS } from "../traffic.ts";
import { allowedCores, moveTo } from "./cores.ts";
import { FRAME_BYTES, framesOf } from "./frames.ts";
import {
  attempt,
  buildLaboratory,
  dropAtIngress,
  type Laboratory,
  received,
  removeAll,
  removeLaboratory,
  run,
} from "./namespaces.ts";

const SECONDS = 0.25;
const MOST = 2_000_000;
const BACKENDS = ["legacy", "nft"] as const;

/** The kernel's own rate with the same rules, packets and routes as podpath's; root only. */
export const kernelRate: Benchmark = {
  name: "kernel-rate",
  async run() {
    const missing = whatIsMissing();
    if (missing !== null) {
      say(`  skipped, because ${missing}`);
      return;
    }
    const folder = mkdtempSync(`${tmpdir()}/podpath-bench-`);
    const stop = (): void => {
      removeAll();
      rmSync(folder, { recursive: true, force: true });
      process.exit(130);
    };
    process.once("SIGINT", stop).once("SIGTERM", stop);
    try {
      measureAll(folder);
    } finally {
      process.off("SIGINT", stop).off("SIGTERM", stop);
      removeAll();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function whatIsMissing(): string | null {
  if (process.getuid?.() !== 0) return "it needs root";
  for (const tool of ["cc", "ip", "nft", "sysctl", "taskset", "iptables-legacy-restore", "iptables-nft-restore"]) {
    if (attempt(["sh", "-c", `command -v ${tool}`]).status !== 0) return `there is no ${tool}`;
  }
  const namespace = `ppb-${process.pid}-try`;
  const { status, stderr } = attempt(["ip", "netns", "add", namespace]);
  attempt(["ip", "netns", "delete", namespace]);
  return status === 0 ? null : `network namespaces cannot be made: ${stderr.trim()}`;
}

function measureAll(folder: string): void {
  const sender = `${folder}/sender`;
  run(["cc", "-O2", "-o", sender, "bench/kernel-rate/sender.c"]);
  const frames = `${folder}/frames`;

  writeFileSync(frames, framesOf(linearFlows(100)));
  const cores = allowedCores();
  const coreOf = (turn: number): number => cores[turn % cores.length] ?? 0;
  const alone = Math.min(...Array.from({ length: RUNS }, (_, turn) => sendingAlone(sender, frames, coreOf(turn))));
  say(
    `  µs a packet on one core, connection tracking on, whole path of a node; the shortest of ${RUNS} runs on both sides, by turns, the same core for both`,
  );
  say(`  gross: with sender and veth, as a packet costs the kernel; sending alone takes ${digits(alone)}`);

  const rows: string[][] = [];
  for (const make of RATE_CASES) {
    const item = make();
    const { engine, kernel } = inTurns(item, sender, frames, coreOf);
    for (const backend of BACKENDS) {
      rows.push([
        item.name,
        backend,
        digits(kernel[backend]),
        digits(kernel[backend] - alone),
        digits(engine),
        digits(kernel[backend] / engine),
        backend === "legacy" && item.target !== null ? String(item.target) : "",
      ]);
    }
  }
  moveTo(cores);
  sayTable(["", "", "kernel gross µs", "kernel net µs", "podpath µs", "gross ÷ podpath", "target"], rows);
}

function sendingAlone(sender: string, frames: string, core: number): number {
  const lab = buildLaboratory();
  dropAtIngress(lab.router, ROUTER.inside.name);
  const time = send(sender, frames, lab, { lab: lab.router, device: ROUTER.inside.name }, MOST, core);
  removeLaboratory(lab);
  return time;
}

/**
 * Microseconds a packet, the shortest run of each. They take turns: what else the machine does for a minute then slows all of them
 * down. Where each packet opens a connection, each is sent once, through a router that knows none; else all turns are of the same
 * flows, which both sides know after the first.
 */
function inTurns(item: RateCase, sender: string, frames: string, coreOf: (turn: number) => number) {
  writeFileSync(frames, framesOf(item.flows));
  const most = item.opens ? Math.min(PACKETS, connectionsAllowed()) : MOST;
  const pipeline = warmPipeline(item);
  const kernel = { legacy: Infinity, nft: Infinity };
  const standing = new Map<string, Laboratory>();
  let rate = 0;
  for (let turn = 0; turn < RUNS; turn++) {
    const core = coreOf(turn);
    moveTo([core]);
    rate = Math.max(rate, pipeline());
    for (const backend of BACKENDS) {
      const lab = standing.get(backend) ?? routerWith(item.rules, backend);
      const time = send(sender, frames, lab, { lab: lab.sink, device: "k0" }, most, core);
      kernel[backend] = Math.min(kernel[backend], time);
      if (item.opens) removeLaboratory(lab);
      else standing.set(backend, lab);
    }
  }
  for (const lab of standing.values()) removeLaboratory(lab);
  notePipeline(item, rate);
  return { engine: 1e6 / rate, kernel };
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
function send(
  sender: string,
  frames: string,
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
  if (arrived < sent * 0.99) say(`  only ${digits((arrived / sent) * 100)} % of the frames arrived`);
  return nanoseconds / 1000 / sent;
}
