import { type IpamAddress, type IpamProblem, ipamReport } from "../../model/ipam-report.ts";
import { type OriginTable, originAt, originFile } from "../../model/origin.ts";
import { parseAddress } from "../../net/address.ts";
import { dumpFindings } from "../dump-findings.ts";
import { dumpLines, quote } from "../dump-text.ts";
import type { IpamDump } from "./ipam-show.ts";

/** Lines about one address or handle, with `--show-problem-ips` or `--show-all-ips`. */
const PROBLEMS: readonly (readonly [IpamProblem["kind"], RegExp])[] = [
  ["leaked", /^(\S+) leaked; attrs (.*)$/],
  ["several-owners", /^(\S+) has multiple owners\.()$/],
  ["outside-pools", /^(\S+) in use by (.+) is not in any active IP pool\.$/],
  ["not-allocated", /^(\S+) in use by (.+) and in active IPAM pool but has no IPAM allocation\.$/],
];
const HANDLES: readonly (readonly [IpamProblem["kind"], RegExp])[] = [
  ["handle-without-addresses", /^(\S+) doesn't have any active IPs\.$/],
  ["handle-missing", /^(\S+) is in use in a block but doesn't exist\.$/],
];

/** Numbers that stand for problems; they count where no line tells which. */
const SUMMARIES: readonly (readonly [IpamProblem["kind"], RegExp])[] = [
  ["leaked", /^Found (\d+) IPs that are allocated in IPAM but not actually in use\.$/],
  ["outside-pools", /^Found (\d+) in-use IPs that are not in active IP pools\.$/],
  ["not-allocated", /^Found (\d+) in-use IPs that are in active IP pools but have no corresponding IPAM allocation\.$/],
  ["handle-without-addresses", /^Found (\d+) handles with no matching IPs/],
  ["handle-missing", /^Found (\d+) handles mentioned in blocks with no matching handle resource\.$/],
];

const ALLOCATED = /^(\S+) allocated; attrs (.*)$/;

/** What tells how far the check is, and numbers that nobody compares. */
const SAYS_NOTHING =
  /^(?:Checking IPAM for inconsistencies\.\.\.|Loading all .*|Found \d+ (?:IPAM blocks|active IP pools|node tunnel IPs|service load balancer|workload IPs)\.|IPAM block \S+ affinity=\S+:|IPAM blocks record \d+ allocations\.|[\da-fA-F.:]+\/\d+|Workloads and nodes are using \d+ IPs\.|Looking for top .*|\S+ has \d+ allocations|Node with most allocations has \d+; median is \d+|Scanning for .*|\S+ belongs to .+|Check complete; found \d+ problems\.)$/;

/** Reads `calicoctl ipam check` with any of its options (calicoctl/commands/ipam/check.go). Read from the source: no calicoctl was at hand. */
export function readIpamCheck(text: string, file: string, origins: OriginTable): IpamDump {
  const dump = dumpLines(text, file);
  const findings = dumpFindings(file, dump.findings);
  const fileNumber = originFile(origins, file);
  const problems: IpamProblem[] = [];
  const addresses: IpamAddress[] = [];
  for (const { number, text: written } of dump.lines) {
    const line = written.trim();
    const origin = (): number => originAt(origins, fileNumber, number);
    const found = first(PROBLEMS, line);
    const address = found === null ? null : parseAddress(found.match[1] ?? "");
    if (found !== null && address !== null) {
      problems.push({ kind: found.kind, address, count: 1, detail: found.match[2] ?? "", origin: origin() });
      continue;
    }
    const handle = first(HANDLES, line);
    if (handle !== null) {
      problems.push({ kind: handle.kind, address: null, count: 1, detail: handle.match[1] ?? "", origin: origin() });
      continue;
    }
    const summary = first(SUMMARIES, line);
    if (summary !== null) {
      const count = Number(summary.match[1]);
      const told = problems.some(({ kind }) => kind === summary.kind);
      if (count > 0 && !told) problems.push({ kind: summary.kind, address: null, count, detail: "", origin: origin() });
      continue;
    }
    const [, given = "", attributes = ""] = ALLOCATED.exec(line) ?? [];
    const allocated = parseAddress(given);
    if (allocated !== null) {
      addresses.push({ address: allocated, allocated: true, attributes: attributesOf(attributes), origin: origin() });
    } else if (!SAYS_NOTHING.test(line)) {
      findings.add("unknown-line", "warning", number, `Not understood: ${quote(line)}.`, {
        expected: "the output of calicoctl ipam check",
      });
    }
  }
  const items = problems.length + addresses.length;
  return { report: ipamReport({ problems, addresses }), items, findings: findings.list() };
}

function first(
  patterns: readonly (readonly [IpamProblem["kind"], RegExp])[],
  line: string,
): { readonly kind: IpamProblem["kind"]; readonly match: RegExpExecArray } | null {
  for (const [kind, pattern] of patterns) {
    const match = pattern.exec(line);
    if (match !== null) return { kind, match };
  }
  return null;
}

/** `Main:k8s-pod-network.4f… Extra:namespace=default,node=node1,pod=web`. */
export function attributesOf(text: string): ReadonlyMap<string, string> {
  const [, handle = "", extra = ""] = /^Main:(\S+) Extra:(.*)$/.exec(text) ?? [];
  const pairs = extra.split(",").flatMap((pair) => {
    const at = pair.indexOf("=");
    return at <= 0 ? [] : [[pair.slice(0, at), pair.slice(at + 1)] as const];
  });
  return new Map(handle === "" || handle === "<none>" ? pairs : [["handle", handle] as const, ...pairs]);
}
