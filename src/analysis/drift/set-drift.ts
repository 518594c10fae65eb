import type { Finding } from "../../model/finding.ts";
import type { Host } from "../../model/host.ts";
import type { IpSet } from "../../model/ip-set.ts";
import type { OriginTable } from "../../model/origin.ts";
import { findingAt } from "../../readers/snapshot/finding-at.ts";
import { memberTexts } from "../explain/explained-set.ts";
import type { ProgrammedNode } from "../programmed/programmed-cluster.ts";

/** So many members are named. */
const NAMED = 3;

/** How Felix's ipsets on a node differ from those that the cluster's objects ask for. */
export function setDrift(host: Host, node: ProgrammedNode, origins: OriginTable): readonly Finding[] {
  if (host.knowledge.get("sets") === "unknown" || node.ipSets.length === 0 || host.ipSets.size === 0) return [];
  const findings: Finding[] = [];
  const expected = new Set<string>();
  for (const set of node.ipSets) {
    expected.add(set.name);
    const dumped = host.ipSets.get(set.name);
    if (dumped === undefined) {
      findings.push({
        code: "set-members-differ",
        severity: "warning",
        message: `${host.name}: the set ${set.name} of Felix is not there.`,
        advice: "Look at the log of Felix on the node.",
      });
      continue;
    }
    if (!dumped.complete) continue;
    const wanted = toldMembers(set);
    const own = toldMembers(dumped);
    const missing = without(wanted, own);
    const extra = without(own, wanted);
    if (missing.length + extra.length === 0) continue;
    const parts = [
      ...(missing.length === 0 ? [] : [`lacks ${listed(missing)}`]),
      ...(extra.length === 0 ? [] : [`has ${listed(extra)}, which no object of the cluster asks for`]),
    ];
    findings.push(
      findingAt(origins, dumped.origin, {
        code: "set-members-differ",
        severity: "warning",
        message: `${host.name}: the set ${set.name} ${parts.join(", and ")}.`,
        advice: "Look at the log of Felix on the node; the dump may be of another time than the objects.",
      }),
    );
  }
  for (const [name, set] of host.ipSets) {
    if (!/^cali[46]0/.test(name) || expected.has(name)) continue;
    if (name.startsWith("cali60") && !node.ipSets.some(({ family }) => family === 6)) continue;
    findings.push(
      findingAt(origins, set.origin, {
        code: "set-members-differ",
        severity: "info",
        message: `${host.name}: no object of the cluster asks for the set ${name}.`,
        advice: "Felix takes sets away some time after the rules that asked them; or the object was not collected.",
      }),
    );
  }
  return findings;
}

/** Which addresses of the loopback network Felix lists among a node's own nobody verified: they are left out. */
function toldMembers(set: IpSet): readonly string[] {
  const texts = memberTexts(set);
  return /^cali[46]0this-host$/.test(set.name) ? texts.filter((text) => !/^(?:127\.|::1$)/.test(text)) : texts;
}

function without(list: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others);
  return list.filter((one) => !known.has(one));
}

function listed(members: readonly string[]): string {
  const named = members.slice(0, NAMED).join(", ");
  return members.length > NAMED ? `${named} and ${members.length - NAMED} more members` : named;
}
