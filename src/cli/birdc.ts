import { type Reconverged, reconverge } from "../analysis/reconverge.ts";
import { renderedBird, renderedEvidence } from "../analysis/rendered-bird.ts";
import { daemonsAfter } from "../analysis/timeline/play-timeline.ts";
import type { Speaker } from "../bgp/speaker/speaker.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { didYouMean } from "../model/nearest.ts";
import { readEvidence } from "../readers/evidence/read-evidence.ts";
import { BIRDC_COMMANDS, birdcText } from "../report/bird/birdc-text.ts";
import { birdClock } from "../report/bird/clock.ts";
import { nodeStatusText } from "../report/bird/node-status-text.ts";
import type { CommonOptions } from "./common-options.ts";
import { DONE, type ExitCode } from "./exit-code.ts";
import { loadNetwork } from "./input.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";
import type { LoadedNetwork } from "./loaded-network.ts";
import { openOutput } from "./output.ts";
import { timelineOf } from "./play-changes.ts";

export interface BirdcOptions extends CommonOptions {
  readonly ipv6?: boolean;
  /** Seconds after the daemons have started. */
  readonly after?: string;
}

/** `podpath birdc`: what BIRD, or calicoctl, says on a node after BGP ran anew. */
export async function birdc(
  network: string,
  node: string,
  words: readonly string[],
  options: BirdcOptions,
  io: Io,
): Promise<ExitCode> {
  const seconds = options.after === undefined ? null : Number(options.after);
  if (seconds !== null && !(seconds >= 0 && seconds <= LONGEST)) {
    throw new InputError([refusal("bad-arguments", `--after takes seconds up to ${LONGEST}, not ${options.after}`)]);
  }
  const loaded = await loadNetwork(network, io, { ...options, bgp: "assume" });
  const { evidence } =
    loaded.settled === null
      ? readEvidence(loaded.machines, loaded.network.origins, loaded.factEvidence)
      : {
          evidence: renderedEvidence(
            renderedBird(loaded.cluster, loaded.settled),
            loaded.network.origins,
            loaded.settled.birds,
          ),
        };
  const { run, findings, refusals } = await daemonsOfNetwork(loaded, evidence, seconds);
  const known = run.speakers.get(node) ?? [];
  const speakers = known.filter(({ running }) => running);
  if (speakers.length === 0 && known.length > 0) {
    throw new InputError([refusal("unknown-host", `no BIRD runs on ${node} then: its process has ended`)]);
  }
  if (speakers.length === 0) {
    const names = [...run.speakers.keys()].join(", ");
    const meant = loaded.network.hosts.has(node) ? null : didYouMean(node, [...run.speakers.keys()], 1);
    const [refused] = refusals.get(node) ?? [];
    throw new InputError([
      refused === undefined
        ? {
            ...refusal(
              "unknown-host",
              `no BIRD runs on ${node}; there is ${names === "" ? "none anywhere" : `one on ${names}`}`,
            ),
            ...(meant === null ? {} : { advice: meant }),
          }
        : refusal("bird-refuses-configuration", `no BIRD runs on ${node}: it does not start with ${refused.why}`),
    ]);
  }
  const origin = loaded.network.collectedAt ?? 0;
  const text = answer(words, speakers, options.ipv6 === true ? 6 : 4, origin, run.world.now);
  const output = openOutput(io, options);
  try {
    output.findings(findings, true);
    if (options.json === true) await output.json({ node, command: words.join(" "), text });
    else output.result(text);
  } finally {
    output.close();
  }
  return DONE;
}

/** BGP run anew, and through the timeline of the scenario where there is one. */
async function daemonsOfNetwork(
  loaded: LoadedNetwork,
  evidence: ReadonlyMap<string, Evidence>,
  seconds: number | null,
): Promise<Pick<Reconverged, "run" | "findings" | "refusals">> {
  const { network, scenario, settled } = loaded;
  if (scenario === undefined || scenario.timeline.length === 0) {
    return reconverge(network, evidence, { seconds, isDeclared: settled !== null });
  }
  const { timeline, findings, refusals } = await timelineOf(loaded, scenario, evidence);
  const after = daemonsAfter(network, timeline, scenario.timeline, seconds);
  return { run: after.run, findings: [...findings, ...after.findings], refusals };
}

/** A day: what BGP does, it does sooner. */
const LONGEST = 86_400;

function refusal(code: "bad-arguments" | "unknown-host" | "bird-refuses-configuration", message: string): Finding {
  return { code, severity: "error", message };
}

function answer(
  words: readonly string[],
  speakers: readonly Speaker[],
  family: 4 | 6,
  origin: number,
  now: number,
): string {
  const clock = birdClock(origin, now);
  const [verb, what, ...rest] = words;
  if (verb === "node" && what === "status" && rest.length === 0) return nodeStatusText(speakers, clock);
  // a BIRD 2 has both in one
  const halves = speakers.filter(({ configuration }) => configuration.release === "2");
  const speaker = speakers.find(({ configuration }) => configuration.family === family) ?? halves[0];
  if (speaker === undefined) throw new InputError([refusal("bad-arguments", `no BIRD of IPv${family} runs there`)]);
  const text = birdcText(speaker, words, clock, origin, halves);
  if (text !== null) return text;
  throw new InputError([
    {
      ...refusal("bad-arguments", `podpath does not answer “${words.join(" ")}”`),
      expected: `${BIRDC_COMMANDS}, or node status`,
    },
  ]);
}
