import type { HostKnowledge } from "../analysis/what-is-missing.ts";
import { type Finding, formatFinding } from "../model/finding.ts";
import type { Knowledge } from "../model/host.ts";
import type { Ink } from "./ink.ts";
import { factSource } from "./missing-fact.ts";
import { plural } from "./plural.ts";
import { snapshotFolder } from "./snapshot-folder.ts";
import { paragraph } from "./wrap.ts";

/** What `podpath check` found. */
export interface CheckReport {
  readonly name: string;
  readonly findings: readonly Finding[];
  readonly hosts: readonly HostKnowledge[];
  readonly recognised: readonly { readonly path: string; readonly as: string; readonly items: number | null }[];
  readonly links: number;
}

const SEVERITIES = ["error", "warning", "info"] as const;

export function checkText(report: CheckReport, ink: Ink): string {
  const lines = [ink.strong(report.name), `  ${summary(report)}`, ...findingLines(report.findings, ink), ...knowledgeLines(report, ink)];
  return `${lines.join("\n")}\n`;
}

function summary(report: CheckReport): string {
  const count = (kind: HostKnowledge["kind"]): number => report.hosts.filter((host) => host.kind === kind).length;
  return [
    plural(count("node"), "node"),
    plural(count("pod"), "pod"),
    plural(count("host"), "other machine"),
    plural(report.links, "link"),
    `${plural(report.recognised.length, "file")} read`,
  ].join(", ");
}

function findingLines(findings: readonly Finding[], ink: Ink): readonly string[] {
  if (findings.length === 0) return ["", ink.good("✓ Nothing to complain about in what was read.")];
  const lines: string[] = [];
  for (const severity of SEVERITIES) {
    const own = findings.filter((finding) => finding.severity === severity);
    if (own.length === 0) continue;
    const colour = severity === "error" ? ink.bad : severity === "warning" ? ink.doubtful : ink.faint;
    lines.push("", ink.strong(plural(own.length, severity === "info" ? "remark" : severity)));
    const mark = severity === "error" ? "✗" : severity === "warning" ? "!" : "·";
    for (const finding of own) {
      const text = formatFinding(finding).replace(/^\w+: /, "");
      lines.push(...paragraph(text, "    ", `  ${colour(mark)} `));
    }
  }
  return lines;
}

/** What is not known, grouped: hosts that lack the same come together. */
function knowledgeLines(report: CheckReport, ink: Ink): readonly string[] {
  const lines: string[] = [];
  for (const knowledge of ["unknown", "assumed", "derived"] as const) {
    const groups = groupsOf(report.hosts, knowledge);
    if (groups.size === 0) continue;
    lines.push("", ink.strong(TITLES[knowledge]));
    for (const [part, hosts] of groups) {
      const { command, file } = factSource(part);
      const [first] = hosts;
      const where = first === undefined || hosts.length > 1 ? file : `${snapshotFolder(first)}/${file}`;
      const names = hosts.map((host) => host.host);
      const shown = names.length > 6 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ");
      const colour = knowledge === "unknown" ? ink.doubtful : ink.faint;
      lines.push(...paragraph(`${PART_WORDS[part]} of ${shown}`, "    ", `  ${colour(knowledge === "unknown" ? "?" : "~")} `));
      if (knowledge !== "derived") lines.push(...paragraph(`${command}  →  ${where}`, "    ", "    ", ink.faint));
    }
  }
  return lines;
}

const TITLES: Readonly<Record<Exclude<Knowledge, "known">, string>> = {
  unknown: "Unknown: answers that need it are uncertain",
  assumed: "Assumed: no dump tells",
  derived: "Derived from other facts",
};

const PART_WORDS: Readonly<Record<Parameters<typeof factSource>[0], string>> = {
  rules: "iptables rules",
  rules6: "ip6tables rules",
  otherBackend: "no rules in the other iptables backend",
  nft: "no native nftables tables",
  routes: "routes",
  routes6: "IPv6 routes",
  policyRules: "ip rule",
  sets: "ipset members",
  sysctls: "sysctls",
  neighbours: "neighbour table",
  conntrack: "empty conntrack table",
  sockets: "listening sockets",
  interfaces: "interfaces",
  fabric: "fabric",
};

function groupsOf(
  hosts: readonly HostKnowledge[],
  wanted: Knowledge,
): ReadonlyMap<Parameters<typeof factSource>[0], readonly HostKnowledge[]> {
  const groups = new Map<Parameters<typeof factSource>[0], HostKnowledge[]>();
  for (const host of hosts) {
    for (const [part, knowledge] of host.parts) {
      if (knowledge !== wanted) continue;
      groups.set(part, [...(groups.get(part) ?? []), host]);
    }
  }
  return groups;
}
