import { do_not_optimize } from "mitata";
import { createPacketSession } from "../src/trace/packet-session.ts";
import { type Benchmark, digits, median, say, sayTable } from "./benchmark.ts";
import { question, toPacket } from "./engine-rate.ts";
import { routerNetwork } from "./router.ts";
import { nodeRules } from "./rulesets.ts";
import { serviceFlows } from "./traffic.ts";

const RULES = 5000;
const TRACES = 4000;

/** Whole traces, steps written down, on a node with kube-proxy's and Felix's rules: each a new connection to a Service. */
export const traceLatency: Benchmark = {
  name: "trace-latency",
  async run() {
    const rules = nodeRules(RULES);
    const services = [...rules.matchAll(/^(?:\[\d+:\d+\] )?-A KUBE-SERVICES/gm)].length;
    const session = createPacketSession(routerNetwork(rules));
    const questions = serviceFlows(services)
      .slice(0, TRACES)
      .map((flow, index) => question(`packet ${index}`, toPacket(flow)));
    const texts: number[] = [];
    const times = questions.map((asked) => {
      const start = performance.now();
      const said = session.ask(asked, { steps: true });
      const answered = performance.now();
      texts.push(writtenDown(said));
      return answered - start;
    });
    const yardstick = median(texts.slice(TRACES / 4));
    const [first = Number.NaN] = times;
    const warm = times.slice(TRACES / 4).sort((x, y) => x - y);
    const at = (share: number): number => warm[Math.floor(warm.length * share)] ?? Number.NaN;
    say(
      `  ${RULES.toLocaleString("en-US")} rules, ${services} Services of two endpoints: every trace has the branches of a random choice`,
    );
    sayTable(
      ["ms", "first", "p50", "p99", "target of p50", "p50, x writing the packets down"],
      [["trace with steps", digits(first), digits(at(0.5)), digits(at(0.99)), "1", digits(at(0.5) / yardstick)]],
    );
  },
};

/** Milliseconds that the packets of an answer's steps take as JSON: what printing the trace costs at least. */
function writtenDown(said: ReturnType<ReturnType<typeof createPacketSession>["ask"]>): number {
  if ("findings" in said) throw new Error(said.findings[0]?.message);
  const start = performance.now();
  for (const { run } of said.answer.branches) {
    for (const steps of run.steps.values()) {
      for (const step of steps) if ("packet" in step) do_not_optimize(JSON.stringify(step.packet));
    }
  }
  return performance.now() - start;
}
