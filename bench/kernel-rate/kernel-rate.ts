import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { type Benchmark, digits, say, sayTable } from "../benchmark.ts";
import { notePipeline, RATE_CASES, RUNS } from "../engine-rate.ts";
import { bundled, readMarks, runFresh } from "../fresh-process.ts";
import { ROUTER } from "../router.ts";
import { linearFlows } from "../traffic.ts";
import { allowedCores } from "./cores.ts";
import { framesOf } from "./frames.ts";
import { BACKENDS, MOST, type Sending, send } from "./in-turns.ts";
import { attempt, buildLaboratory, dropAtIngress, removeAll, removeLaboratory, run } from "./namespaces.ts";

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
  const sending: Sending = { sender: `${folder}/sender`, frames: `${folder}/frames` };
  run(["cc", "-O2", "-o", sending.sender, "bench/kernel-rate/sender.c"]);
  writeFileSync(sending.frames, framesOf(linearFlows(100)));
  const cores = allowedCores();
  const alone = Math.min(
    ...Array.from({ length: RUNS }, (_, turn) => sendingAlone(sending, cores[turn % cores.length] ?? 0)),
  );
  say(
    `  µs a packet on one core, connection tracking on, whole path of a node; the shortest of ${RUNS} runs on both sides, by turns, the same core for both`,
  );
  say("  each case in a process of its own");
  say(`  gross: with sender and veth, as a packet costs the kernel; sending alone takes ${digits(alone)}`);
  const rows: string[][] = [];
  for (const [index, make] of RATE_CASES.entries()) {
    const item = make();
    const words = ["--expose-gc", bundled("kernel-rate-process"), String(index), sending.sender, sending.frames];
    const { output, errors } = runFresh(words);
    const marks = readMarks(output);
    const podpath = marks.get("podpath");
    if (podpath === undefined) throw new Error(`nothing was measured: ${errors}`);
    if (errors !== "") process.stderr.write(errors);
    notePipeline(item, 1e6 / podpath);
    for (const backend of BACKENDS) {
      const kernel = marks.get(backend) ?? Number.NaN;
      rows.push([
        item.name,
        backend,
        digits(kernel),
        digits(kernel - alone),
        digits(podpath),
        digits(kernel / podpath),
        backend === "legacy" && item.target !== null ? String(item.target) : "",
      ]);
    }
  }
  sayTable(["", "", "kernel gross µs", "kernel net µs", "podpath µs", "gross ÷ podpath", "target"], rows);
}

function sendingAlone(sending: Sending, core: number): number {
  const lab = buildLaboratory();
  dropAtIngress(lab.router, ROUTER.inside.name);
  const time = send(sending, lab, { lab: lab.router, device: ROUTER.inside.name }, MOST, core);
  removeLaboratory(lab);
  return time;
}
