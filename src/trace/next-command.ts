import type { Assumption, Doubt } from "../emulator/assumption.ts";
import type { Network } from "../model/network.ts";
import { factSource } from "./fact-source.ts";
import type { Answer, Unknown } from "./result.ts";
import { changes } from "./strict.ts";

/** The one command that would tell what matters most of what nobody knows. */
export interface NextCommand {
  /** Where to run it; null where the question names no host. */
  readonly host: string | null;
  readonly command: string;
  /** The file of a snapshot that its output fills; null for what no snapshot keeps, and in a cluster of manifests. */
  readonly file: string | null;
  /** Where a cluster of manifests takes what the command tells: `nodes.worker-1.sysctls in nodes.yaml`; null elsewhere. */
  readonly field: string | null;
  /** The questions and assumptions that it settles, the most important first. */
  readonly settles: readonly string[];
  /** `unknown`: the answer depends on it. `assumption`: the answer would be another if it did not hold. */
  readonly kind: "unknown" | "assumption";
}

/** What decides most often comes first. */
const IMPORTANCE: readonly Assumption["part"][] = [
  "rules",
  "routes",
  "interfaces",
  "policyRules",
  "nft",
  "otherBackend",
  "sysctls",
  "sockets",
  "conntrack",
  "recentLists",
  "matchStates",
  "neighbours",
  "fabric",
];

/** An answer is asked again so many times at most to find an assumption that matters. */
const ASKED = 16;

/**
 * The next command to run: of an uncertain answer, the one that settles most of its unknowns; else that of the first
 * assumption, by importance, without which the answer would be another (as `--strict` finds it). Null when nothing that
 * can be told matters. `ask` answers the question under a doubt; without it, only unknowns are looked at.
 *
 * @param unknowns those of the answer that its end depends on
 */
export function nextCommand(
  answer: Answer,
  unknowns: Answer["unknowns"],
  ask: ((doubt: Doubt) => Answer) | null,
): NextCommand | null {
  const known = ofUnknowns(answer, unknowns);
  // where not all branches were followed, no assumption makes the answer what it is
  return known !== null || ask === null || answer.truncated ? known : ofAssumptions(answer, ask);
}

function ofUnknowns({ network, branches }: Answer, unknowns: Answer["unknowns"]): NextCommand | null {
  const groups = new Map<string, { readonly host: string | null; readonly command: string; readonly own: Unknown[] }>();
  const conditions = branches.flatMap((branch) => branch.conditions);
  const decides = ({ question }: Unknown): number =>
    conditions.filter((condition) => condition.startsWith(question)).length;
  for (const unknown of unknowns) {
    if (unknown.command === null) continue;
    const host = hostIn(unknown.question, network);
    const key = `${host} ${unknown.command}`;
    const group = groups.get(key) ?? { host, command: unknown.command, own: [] };
    group.own.push(unknown);
    groups.set(key, group);
  }
  const weight = (own: readonly Unknown[]): number => own.reduce((sum, unknown) => sum + decides(unknown), 0);
  const [most] = [...groups.values()].sort((x, y) => weight(y.own) - weight(x.own));
  if (most === undefined) return null;
  const { host, command, own } = most;
  const settles = [...own].sort((x, y) => decides(y) - decides(x)).map(({ question }) => question);
  return { host, command, file: null, field: null, settles, kind: "unknown" };
}

function ofAssumptions(answer: Answer, ask: (doubt: Doubt) => Answer): NextCommand | null {
  const ordered = answer.assumptions
    .filter((assumption) => !isFarFetched(assumption))
    .sort((x, y) => rankOf(x) - rankOf(y));
  let left = ASKED;
  for (const assumption of ordered) {
    left -= assumption.otherwise;
    if (left < 0) return null;
    if (assumption.otherwise === 0 || !changes(answer, assumption, ask)) continue;
    const { host, part } = assumption;
    const same = ordered.filter((other) => other.host === host && other.part === part);
    const { command, file } = factSource(part);
    const { declaredIn } = answer.network;
    const isDeclared = declaredIn !== undefined;
    return {
      host,
      command,
      file: isDeclared ? null : file,
      field: isDeclared ? fieldOf(host, part, declaredIn) : null,
      settles: same.map(({ detail }) => detail),
      kind: "assumption",
    };
  }
  return null;
}

/** Fields of a node; those of another machine that have other names. */
const NODE_FIELDS: Readonly<Partial<Record<Assumption["part"], string>>> = {
  rules: "firewall",
  otherBackend: "firewall",
  nft: "firewall",
  routes: "routes",
  interfaces: "interfaces",
  sysctls: "sysctls",
  sockets: "listen",
};
const MACHINE_FIELDS: Readonly<Partial<Record<Assumption["part"], string>>> = {
  routes: "routes",
  interfaces: "interfaces",
  sockets: "listen",
};

function fieldOf(host: string, part: Assumption["part"], file: string): string | null {
  if (host.startsWith("pod/")) return null;
  const isNode = !host.startsWith("host/");
  const field = (isNode ? NODE_FIELDS : MACHINE_FIELDS)[part];
  if (field === undefined) return null;
  return `${isNode ? `nodes.${host}` : `fabric.hosts (${host.slice("host/".length)})`}.${field} in ${file}`;
}

/** Nodes before other machines before pods, which are most likely as Calico makes them. */
function rankOf({ host, part }: Assumption): number {
  const kind = host.startsWith("pod/") ? 2 : host.startsWith("host/") ? 1 : 0;
  return kind * IMPORTANCE.length + IMPORTANCE.indexOf(part);
}

/** Rules inside of a pod would change every answer, and next to no pod has any. */
function isFarFetched({ host, part }: Assumption): boolean {
  return host.startsWith("pod/") && (part === "rules" || part === "nft" || part === "otherBackend");
}

/** The host that a question is about: the longest name of one in it. */
function hostIn(question: string, network: Network): string | null {
  let found: string | null = null;
  for (const name of network.hosts.keys()) {
    if (name.length <= (found?.length ?? 0)) continue;
    const at = question.indexOf(name);
    if (at < 0 || /[\w-]/.test(question[at - 1] ?? " ") || /[\w-]/.test(question[at + name.length] ?? " ")) continue;
    found = name;
  }
  return found;
}
