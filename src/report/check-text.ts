import type { HostKnowledge } from "../analysis/what-is-missing.ts";
import type { ClusterSettings } from "../kubernetes/cluster-settings.ts";
import type { Finding } from "../model/finding.ts";
import type { Knowledge } from "../model/host.ts";
import { formatPrefix } from "../net/prefix.ts";
import type { Placement } from "../readers/loose/place-loose.ts";
import { factSource } from "../trace/fact-source.ts";
import { EXPLAIN_HINT } from "./code-link.ts";
import { type DeclaredPod, declaredLines } from "./declared-text.ts";
import { findingText } from "./finding-text.ts";
import type { Ink } from "./ink.ts";
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
  readonly settings: ClusterSettings;
  /** Files that were placed by what is in them. */
  readonly placements: readonly Placement[];
  /** The pods of a declared cluster, which no dump lists; null for dumps. */
  readonly declaredPods: readonly DeclaredPod[] | null;
}

const SEVERITIES = ["error", "warning", "info"] as const;

export function checkText(report: CheckReport, ink: Ink): string {
  const lines = [
    ink.strong(report.name),
    `  ${summary(report)}`,
    ...settingLines(report.settings),
    ...placementLines(report.placements, ink),
    ...findingLines(report.findings, ink),
    ...(report.declaredPods === null ? knowledgeLines(report, ink) : declaredLines(report.declaredPods, ink)),
  ];
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

/** What the whole cluster was told, as far as it was collected. */
function settingLines({ podSubnets, serviceSubnets, kubeProxy }: ClusterSettings): readonly string[] {
  const told = [
    ...(podSubnets.length === 0 ? [] : [`pods in ${podSubnets.map(formatPrefix).join(", ")}`]),
    ...(serviceSubnets.length === 0 ? [] : [`Services in ${serviceSubnets.map(formatPrefix).join(", ")}`]),
    ...(kubeProxy === null ? [] : [`kube-proxy in mode ${kubeProxy.mode}`]),
  ];
  return told.length === 0 ? [] : [`  ${told.join("; ")}`];
}

/** Placements told one by one; `--json` has them all. */
const TOLD_PLACEMENTS = 40;

/** Which file was taken for what, where its name does not say so. */
function placementLines(placements: readonly Placement[], ink: Ink): readonly string[] {
  if (placements.length === 0) return [];
  const lines = ["", ink.strong("Files that were placed by what is in them")];
  for (const { path, line, host, as, because } of placements.slice(0, TOLD_PLACEMENTS)) {
    const place = line > 1 ? `${path}:${line}` : path;
    lines.push(...paragraph(`${place} → ${as} of ${host}: ${because}`, "    ", `  ${ink.faint("·")} `));
  }
  const more = placements.length - TOLD_PLACEMENTS;
  if (more > 0) lines.push(ink.faint(`    … and ${more} more: --json lists all`));
  lines.push(...paragraph("If one is wrong: --host '<file>=<machine>'.", "  ", "  ", ink.faint));
  return lines;
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
    const shown = told(own);
    for (const finding of shown) {
      const text = findingText(finding).replace(/^\w+: /, "");
      lines.push(...paragraph(text, "    ", `  ${colour(mark)} `));
    }
    lines.push(
      ...untoldLines(
        own.filter((finding) => !shown.includes(finding)),
        ink,
      ),
    );
  }
  return [...lines, "", ...paragraph(EXPLAIN_HINT, "", "", ink.faint)];
}

/** Findings told one by one: of one kind in one file, and of one severity. `--json` has them all. */
const TOLD_ALIKE = 5;
const TOLD = 20;

function kindOf(finding: Finding): string {
  return `${finding.code} ${finding.file ?? ""}`;
}

/** The findings that are told: of each kind the first ones, so that none hides the others. */
function told(findings: readonly Finding[]): readonly Finding[] {
  const alike = new Map<string, number>();
  const few = findings.filter((finding) => {
    const count = (alike.get(kindOf(finding)) ?? 0) + 1;
    alike.set(kindOf(finding), count);
    return count <= TOLD_ALIKE;
  });
  return few.slice(0, TOLD);
}

function untoldLines(untold: readonly Finding[], ink: Ink): readonly string[] {
  if (untold.length === 0) return [];
  const files = [...new Set(untold.flatMap(({ file }) => file ?? []))];
  const where = files.length === 0 ? "" : files.length === 1 ? ` in ${files[0]}` : ` in ${files.length} files`;
  return paragraph(`… and ${untold.length} more${where}: --json lists all`, "    ", "    ", ink.faint);
}

/** What is not known: hosts that lack the same come together. */
function knowledgeLines(report: CheckReport, ink: Ink): readonly string[] {
  const lines: string[] = [];
  for (const knowledge of ["unknown", "assumed", "derived"] as const) {
    const groups = groupsOf(report.hosts, knowledge);
    if (groups.length === 0) continue;
    lines.push("", ink.strong(TITLES[knowledge]));
    for (const { hosts, parts } of groups) {
      const mark = knowledge === "unknown" ? ink.doubtful("?") : ink.faint("~");
      lines.push(...paragraph(`${hostNames(hosts)}:`, "    ", `  ${mark} `));
      for (const part of parts) {
        const { command, file } = factSource(part);
        const told = knowledge === "derived" ? "" : `  ${command} > ${file}`;
        lines.push(...paragraph(`${PART_WORDS[part].padEnd(28)}${told}`.trimEnd(), "        ", "      ", ink.faint));
      }
    }
  }
  if (lines.length > 0) {
    const [first] = report.hosts;
    const folder = first === undefined ? "nodes/<node>" : snapshotFolder(first);
    lines.push(
      "",
      ...paragraph(`Run these on the machine and put the file into its folder, such as ${folder}/.`, "", "", ink.faint),
    );
  }
  return lines;
}

function hostNames(hosts: readonly HostKnowledge[]): string {
  const names = hosts.map((host) => host.host);
  return names.length > 8 ? `${names.slice(0, 7).join(", ")} and ${names.length - 7} more` : names.join(", ");
}

const TITLES: Readonly<Record<Exclude<Knowledge, "known">, string>> = {
  unknown: "Unknown: answers that need it are uncertain",
  assumed: "Assumed: no dump tells",
  derived: "Derived from other facts",
};

const PART_WORDS: Readonly<Record<Part, string>> = {
  rules: "iptables rules",
  rules6: "ip6tables rules",
  otherBackend: "no rules in the other backend",
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
  recentLists: "empty recent lists",
  matchStates: "limits that are not used up",
  fabric: "fabric",
};

type Part = Parameters<typeof factSource>[0];

interface Group {
  readonly hosts: readonly HostKnowledge[];
  readonly parts: Part[];
}

function groupsOf(hosts: readonly HostKnowledge[], wanted: Knowledge): readonly Group[] {
  const groups = new Map<string, Group>();
  const parts = new Set(hosts.flatMap((host) => [...host.parts.keys()]));
  for (const part of parts) {
    const own = hosts.filter((host) => host.parts.get(part) === wanted);
    if (own.length === 0) continue;
    const key = own.map((host) => host.host).join(" ");
    const group = groups.get(key) ?? { hosts: own, parts: [] };
    group.parts.push(part);
    groups.set(key, group);
  }
  return [...groups.values()];
}
