import type { FirewallStatus } from "../../model/evidence.ts";
import type { Finding } from "../../model/finding.ts";
import { type OriginTable, originAt, originFile } from "../../model/origin.ts";
import { type DumpFindings, dumpFindings } from "../dump-findings.ts";
import { type DumpLine, dumpLines, quote } from "../dump-text.ts";

export interface FirewallDump {
  readonly firewalls: readonly FirewallStatus[];
  readonly findings: readonly Finding[];
}

type Setting = FirewallStatus["settings"][number];

const UFW = /^Status: (active|inactive)$/;
const UFW_SETTING = /^(Logging|Default|New profiles): (.+)$/;
const UFW_HEADING = /^\s*(?:To\s+Action\s+From|--\s+-+\s+-+)\s*$/;
/** `[ 1] 22/tcp                     ALLOW IN    Anywhere                   # comment`. */
const UFW_RULE =
  /^(?:\[ ?\d+\] )?(\S.*?)\s{1,200}(ALLOW|DENY|REJECT|LIMIT)( IN| OUT| FWD)?\s+(\S.*?)(?:\s{1,50}# .*|\s{1,50}\(out\))?$/;
/** `public (active)` or `public`, alone on its line: a zone of firewalld. */
const ZONE = /^([\w-]+)(?: \((active|default|default, active|active, default)\))?$/;
const ZONE_SETTING = /^ {2}([a-z][\w -]*):(?: (.*))?$/;
const RICH_RULE = /^\s+(rule .*)$/;

/**
 * Reads `ufw status [verbose|numbered]` and `firewall-cmd --list-all[-zones]` as what the front ends say of themselves. It is a summary,
 * not rules: what packets meet stands in the ruleset that the front end made, and only a dump of that tells it.
 */
export function readFirewallStatus(text: string, file: string, origins: OriginTable): FirewallDump {
  const { lines, findings: first } = dumpLines(text, file);
  const findings = dumpFindings(file, first);
  const fileNumber = originFile(origins, file);
  const originOf = (line: number): number => originAt(origins, fileNumber, line);
  const firewalls = lines.some((line) => UFW.test(line.text))
    ? ufwStatus(lines, originOf, findings)
    : firewalldStatus(lines, originOf, findings);
  const active = firewalls.find((one) => one.active);
  if (active !== undefined) {
    const isUfw = active.frontEnd === "ufw";
    findings.add(
      "firewall-summary",
      "warning",
      lines[0]?.number ?? 0,
      `${isUfw ? "ufw" : "firewalld"} is active: this summary is kept as evidence and decides about no packet.`,
      {
        advice: isUfw
          ? "Collect the rules that it made: iptables-save -c and ip6tables-save -c."
          : "Collect the rules that it made: nft -j list ruleset and iptables-save -c.",
      },
    );
  }
  return { firewalls, findings: findings.list() };
}

function ufwStatus(
  lines: readonly DumpLine[],
  originOf: (line: number) => number,
  findings: DumpFindings,
): readonly FirewallStatus[] {
  let active = false;
  let origin = 0;
  const settings: Setting[] = [];
  for (const { number, text } of lines) {
    const status = UFW.exec(text);
    const setting = UFW_SETTING.exec(text);
    const rule = UFW_RULE.exec(text);
    if (status !== null) {
      active = status[1] === "active";
      origin = originOf(number);
    } else if (setting !== null) {
      settings.push({ name: (setting[1] ?? "").toLowerCase(), value: setting[2] ?? "", origin: originOf(number) });
    } else if (rule !== null) {
      const [, to = "", action = "", direction = "", from = ""] = rule;
      const value = `${to} ${action}${direction === "" ? "" : direction} from ${from}`;
      settings.push({ name: "rule", value: value.replace(/\s+/g, " "), origin: originOf(number) });
    } else if (!UFW_HEADING.test(text)) {
      findings.add("unknown-line", "warning", number, `Not a line of ufw status: ${quote(text)}.`);
    }
  }
  return [{ frontEnd: "ufw", active, settings, origin }];
}

/** A zone each; one that has an interface or a source, or is marked so, is active. */
function firewalldStatus(
  lines: readonly DumpLine[],
  originOf: (line: number) => number,
  findings: DumpFindings,
): readonly FirewallStatus[] {
  const zones: { name: string; active: boolean; settings: Setting[]; origin: number }[] = [];
  for (const { number, text } of lines) {
    const zone = ZONE.exec(text);
    const setting = ZONE_SETTING.exec(text);
    const rich = RICH_RULE.exec(text);
    const last = zones.at(-1);
    if (/^FirewallD is not running/i.test(text) || /^not running$/.test(text)) {
      return [{ frontEnd: "firewalld", active: false, settings: [], origin: originOf(number) }];
    }
    if (zone !== null) {
      const origin = originOf(number);
      const name = zone[1] ?? "";
      zones.push({
        name,
        active: zone[2]?.includes("active") === true,
        settings: [{ name: "zone", value: name, origin }],
        origin,
      });
    } else if (rich !== null && last !== undefined) {
      last.settings.push({ name: "rich rule", value: rich[1] ?? "", origin: originOf(number) });
    } else if (setting !== null && last !== undefined) {
      const [, name = "", value = ""] = setting;
      if (value === "" || value.trim() === "") continue;
      if (name === "interfaces" || name === "sources") last.active = true;
      last.settings.push({ name, value: value.trim(), origin: originOf(number) });
    } else if (/^\s+port=/.test(text) && last !== undefined) {
      last.settings.push({ name: "forward-port", value: text.trim(), origin: originOf(number) });
    } else findings.add("unknown-line", "warning", number, `Not a line of firewall-cmd --list-all: ${quote(text)}.`);
  }
  return zones.map(({ active, settings, origin }) => ({ frontEnd: "firewalld", active, settings, origin }));
}
