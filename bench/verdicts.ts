import { type Benchmark, CHUNK, digits, ratePerSecond, say, sayTable } from "./benchmark.ts";
import { engineRates, RATE_CASES, type RateCase } from "./engine-rate.ts";
import { clusterIp, linearPort, linearSource } from "./rulesets.ts";
import { type Flow, PACKETS } from "./traffic.ts";

/** Verdicts per second; beside them the simplest interpreter: a list of functions, called until one says yes. */
export const verdicts: Benchmark = {
  name: "verdicts",
  async run() {
    const rows: string[][] = [];
    for (const make of RATE_CASES) {
      const item = make();
      const naive = naiveRate(item);
      const { chain, pipeline, probe, traced } = engineRates(item);
      rows.push([
        item.name,
        digits(chain),
        digits(pipeline),
        digits(probe),
        digits(traced),
        digits(naive),
        digits(chain / naive),
        digits(pipeline / naive),
        digits(probe / naive),
      ]);
    }
    say(
      `  per second of processor time; ${PACKETS.toLocaleString("en-US")} distinct packets; naive: one closure per rule, no packet path`,
    );
    sayTable(
      ["", "chain", "pipeline", "probe", "with steps", "naive", "chain/naive", "pipeline/naive", "probe/naive"],
      rows,
    );
  },
};

function naiveRate(item: RateCase): number {
  const rules = item.opens ? serviceClosures(item.rules) : linearClosures(item.rules);
  const { flows } = item;
  const found = new Int32Array(PACKETS);
  return ratePerSecond(PACKETS, (from) => {
    for (let index = from; index < from + CHUNK; index++) {
      const flow = flows[index];
      if (flow !== undefined) found[index] = rules.findIndex((matches) => matches(flow));
    }
  });
}

function linearClosures(text: string): ((flow: Flow) => boolean)[] {
  return [...text.matchAll(/^-A FORWARD/gm)].map((_, index) => {
    const source = linearSource(index);
    const port = linearPort(index);
    return (flow) => flow.src === source && flow.protocol === 17 && flow.dport === port;
  });
}

/** KUBE-SERVICES only: what comes after the right Service is found is not counted against it. */
function serviceClosures(text: string): ((flow: Flow) => boolean)[] {
  return [...text.matchAll(/^-A KUBE-SERVICES/gm)].map((_, index) => {
    const destination = clusterIp(index);
    return (flow) => flow.dst === destination && flow.protocol === 6 && flow.dport === 80;
  });
}
