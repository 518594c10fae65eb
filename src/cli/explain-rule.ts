import { explainTarget, parseTarget, type Target } from "../analysis/explain/explain-target.ts";
import { declaredCauses, programmedCluster } from "../analysis/programmed/programmed-cluster.ts";
import type { Finding } from "../model/finding.ts";
import type { Host } from "../model/host.ts";
import { didYouMean } from "../model/nearest.ts";
import type { Network } from "../model/network.ts";
import { explainRuleJson } from "../report/explain-rule-json.ts";
import { explainRuleText } from "../report/explain-rule-text.ts";
import type { CommonOptions } from "./common-options.ts";
import { DONE, type ExitCode } from "./exit-code.ts";
import { loadNetwork } from "./input.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";
import { openOutput } from "./output.ts";

export interface ExplainRuleOptions extends CommonOptions {
  readonly node?: string;
}

/** `podpath explain-rule`: from a chain, rule, set or resource to what made it, or what it made. */
export async function explainRule(
  network: string,
  words: readonly string[],
  options: ExplainRuleOptions,
  io: Io,
): Promise<ExitCode> {
  const loaded = await loadNetwork(network, io, options);
  const hosts = options.node === undefined ? machinesOf(loaded.network) : [named(loaded.network, options.node)];
  const target = parseTarget(words.join(" "), hosts);
  const { settled, cluster } = loaded;
  const programmed =
    settled === null ? programmedCluster(loaded.network, cluster) : declaredCauses(settled, loaded.network.origins);
  const explanation = explainTarget(loaded.network, hosts, target, programmed);
  if (explanation.rules.length + explanation.sets.length === 0) {
    throw new InputError([nothing(target, words.join(" "), explanation.close)]);
  }
  const output = openOutput(io, options);
  try {
    if (options.json === true) output.result(`${JSON.stringify(explainRuleJson(explanation), null, 2)}\n`);
    else output.result(explainRuleText(explanation, output.ink));
  } finally {
    output.close();
  }
  return DONE;
}

/** Without the pods, which are not even made. */
function machinesOf({ hosts }: Network): readonly Host[] {
  const names = [...hosts.keys()].filter((name) => !name.startsWith("pod/"));
  return names.flatMap((name) => hosts.get(name) ?? []).filter(({ kind }) => kind !== "pod");
}

function named({ hosts }: Network, name: string): Host {
  const found = hosts.get(name);
  if (found !== undefined) return found;
  const names = [...hosts.keys()];
  throw new InputError([
    {
      code: "unknown-host",
      severity: "error",
      message: `there is no node ${name}`,
      advice: didYouMean(name, names) ?? `There are ${names.slice(0, 10).join(", ")}.`,
    },
  ]);
}

const FORMS =
  "Give a chain (KUBE-SERVICES, filter/INPUT:3, inet filter/input), the name of a set, a rule behind --, or a resource such as NetworkPolicy shop/allow.";

function nothing(target: Target, asked: string, close: readonly string[]): Finding {
  const finding = { code: "nothing-to-explain", severity: "error" } as const;
  if (target.kind === "chain" && target.index !== null) {
    const message = `chain ${target.chain} has no rule ${target.index}`;
    return { ...finding, message, advice: "Leave the number out to see all its rules." };
  }
  if (asked.trim() === "") return { ...finding, message: "nothing was named", advice: FORMS };
  const what = target.kind === "resource" ? "no chain or set, and no resource that made a rule," : `no ${target.kind}`;
  const advice = close.length > 0 ? `Did you mean ${close.join(" or ")}?` : FORMS;
  return { ...finding, message: `there is ${what} called ${asked}`, advice };
}
