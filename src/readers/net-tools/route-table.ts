import type { FindingCode } from "../../model/codes/finding-codes.ts";
import { formatAddress, parseAddress } from "../../net/address.ts";
import { maskLength } from "../../net/prefix.ts";
import type { DumpFindings } from "../dump-findings.ts";
import { type DumpLine, quote } from "../dump-text.ts";
import { type WrittenRoute, writtenRoute } from "../ip/route-build.ts";

/** `Destination Gateway Genmask Flags …`: headings are translated, the addresses below them are not. */
const ROW =
  /^\s*(\S+)\s+(\S+)\s+(\d{1,3}(?:\.\d{1,3}){3})\s+([A-Z!]{1,9})\s+(-?\d+|-)\s+(-?\d+|-)\s+(-?\d+|-)\s+(\S+)(?:\s+[\d-]+\s+[\d-]+\s+[\d-]+)?$/;

/** `Destination Next Hop Flag Met Ref Use If`. */
const ROW6 =
  /^\s*(\[?[\da-fA-F:.]+(?:\/\d{1,3})?\]?|default(?:\/\d+)?)\s+([\da-fA-F:.]+|\[::\])\s+([UGHDMCADacnR!]{1,9})\s+(-?\d+)\s+-?\d+\s+-?\d+\s+(\S+)$/;

/** `MSS Window irtt` in place of `Metric Ref Use`: the metric is not shown. */
const WITHOUT_METRIC = /\bMSS\b/;
const WITH_METRIC = /\bRef\b/;

/** What stands above the rows, in any language: no address in it, or no number at all. */
const HEADING = /^[^\d:]*(?:IP(?:v[46])?[^\d:]*)?$/;

const LOSSY =
  "This table shows one next hop of each route only, no protocols and no preferred sources; what it leaves out is assumed.";

/** True for a row of `route -n`, `netstat -rn` or `route -A inet6 -n`. */
export function isRouteRow(line: string): boolean {
  return ROW.test(line) || ROW6.test(line);
}

/**
 * The routes of `route -n` and `netstat -rn` (IPv4: table main only, from /proc/net/route) and of their `-A inet6` form (all tables,
 * from /proc/net/ipv6_route). Lossy, measured with net-tools 2.10 and BusyBox 1.35: a multipath route shows its first hop, `*` is
 * a blackhole or a throw, `!` an unreachable or a prohibit, and for IPv6 a blackhole too; tos, mtu, protocol and source are not shown.
 */
export function writtenTableRoutes(lines: readonly DumpLine[], findings: DumpFindings): readonly WrittenRoute[] {
  const routes: WrittenRoute[] = [];
  let metricShown = true;
  const say = (code: FindingCode, line: number, message: string): void =>
    findings.add(code, "warning", line, message, { advice: "Collect ip -d route show table all instead." });
  for (const { number, text } of lines) {
    const row = ROW.exec(text);
    const row6 = row === null ? ROW6.exec(text) : null;
    if (row === null && row6 === null) {
      if (WITHOUT_METRIC.test(text) && !WITH_METRIC.test(text)) {
        metricShown = false;
        findings.once("no-metric", "info", number, "Metrics are not shown here; they are taken to be 0.");
      } else if (WITH_METRIC.test(text)) metricShown = true;
      else if (!HEADING.test(text)) {
        findings.add("unknown-line", "warning", number, `Not a route: ${quote(text)}.`, {
          expected: "`destination gateway mask flags metric ref use interface`",
        });
      }
      continue;
    }
    findings.once("lossy-dump", "warning", number, LOSSY);
    const route = row !== null ? ipv4Route(row, number, metricShown, say) : ipv6Route(row6 ?? [], number, say);
    if (route !== null) routes.push(route);
  }
  return routes;
}

type Say = (code: FindingCode, line: number, message: string) => void;

function ipv4Route(row: readonly string[], line: number, metricShown: boolean, say: Say): WrittenRoute | null {
  const [, name = "", gateway = "", mask = "", flags = "", metric = "", , , device = ""] = row;
  const written = writtenRoute(line);
  const netmask = parseAddress(mask);
  const length = netmask === null ? null : maskLength(netmask);
  const destination = parseAddress(name);
  const isDefault = name === "default" && length === 0;
  if (length === null || (destination?.family !== 4 && !isDefault)) {
    say("unreadable-address", line, `${quote(`${name} ${mask}`)} is no destination: names are not resolved.`);
    return null;
  }
  written.destination = destination === null ? "0.0.0.0/0" : `${formatAddress(destination)}/${length}`;
  if (metricShown && /^\d+$/.test(metric)) written.metric = Number(metric);
  if (flags.includes("!")) {
    written.type = "unreachable";
    say("ambiguous-route", line, "Flag ! stands for unreachable or prohibit; it is read as unreachable.");
    return written;
  }
  if (device === "*") {
    written.type = "blackhole";
    say("ambiguous-route", line, "Interface * stands for blackhole or throw; it is read as blackhole.");
    return written;
  }
  written.hop.device = device;
  if (gateway !== "0.0.0.0" && gateway !== "*" && gateway !== "-") written.hop.gateway = gateway;
  written.scope = written.hop.gateway === null ? "link" : null;
  return written;
}

/** Metric of the kernel's own entry for what has no route (`ip6_null_entry`), which no route look-up finds. */
const NULL_ENTRY_METRIC = "-1";

function ipv6Route(row: readonly string[], line: number, say: Say): WrittenRoute | null {
  const [, destination = "", gateway = "", flags = "", metric = "", device = ""] = row;
  if (metric === NULL_ENTRY_METRIC) return null;
  const written = writtenRoute(line);
  const bare = destination.replace(/[[\]]/g, "");
  written.destination = bare.startsWith("default") ? "::/0" : bare;
  written.metric = Number(metric);
  written.hasPreference = true;
  if (flags.includes("!")) {
    written.type = "unreachable";
    say("ambiguous-route", line, "Flag ! stands for unreachable, prohibit or blackhole; it is read as unreachable.");
    return written;
  }
  written.hop.device = device;
  const unspecified = /^\[?::\]?$/.test(gateway);
  if (!unspecified) written.hop.gateway = gateway;
  if (flags.includes("a")) [written.type, written.table] = ["anycast", "local"];
  else if (flags.includes("n")) [written.type, written.table] = ["local", "local"];
  else if (/^ff[\da-f]{2}::\/8$/i.test(bare)) [written.type, written.table] = ["multicast", "local"];
  return written;
}
