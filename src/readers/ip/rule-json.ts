import type { DumpFindings } from "../dump-findings.ts";
import { hasFlag, type JsonElement, type JsonObject, numberField, textField } from "../json-fields.ts";
import { prefixText, type WrittenRule, writtenRule } from "./rule-build.ts";

/** Keys of ip/iprule.c (print_rule) that select or act in ways the model does not have. */
const UNMODELLED: readonly string[] = ["flowlabel", "flowlabel_mask", "nat_gateway"];
const UNMODELLED_FLAGS: readonly string[] = ["masquerade"];

const KEYS: ReadonlySet<string> = new Set([
  ...UNMODELLED,
  ...UNMODELLED_FLAGS,
  "l3mdev",
  "tun_id",
  "suppress_ifgroup",
  "dscp",
  "dscp_mask",
  "priority",
  "not",
  "src",
  "srclen",
  "dst",
  "dstlen",
  "tos",
  "fwmark",
  "fwmask",
  "iif",
  "iif_detached",
  "oif",
  "oif_detached",
  "uid_start",
  "uid_end",
  "ipproto",
  "sport",
  "sport_start",
  "sport_end",
  "dport",
  "dport_start",
  "dport_end",
  "table",
  "suppress_prefixlen",
  "flow_from",
  "flow_to",
  "goto",
  "unresolved",
  "nop",
  "action",
  "protocol",
]);

/** An entry of `ip -j rule`; null, with a finding, when it is none. */
export function writtenJsonRule({ object, line }: JsonElement, findings: DumpFindings): WrittenRule | null {
  const written = writtenRule(line);
  written.priority = numberField(object, "priority");
  if (written.priority === null) {
    findings.add("unknown-line", "warning", line, "A JSON object without `priority` is no policy rule.");
    return null;
  }
  const mask = textField(object, "fwmask");
  const mark = textField(object, "fwmark");
  written.not = hasFlag(object, "not");
  written.from = prefixText(textField(object, "src"), numberField(object, "srclen"));
  written.to = prefixText(textField(object, "dst"), numberField(object, "dstlen"));
  written.inInterface = textField(object, "iif");
  written.outInterface = textField(object, "oif");
  written.mark = mark === null || mask === null ? mark : `${mark}/${mask}`;
  written.tos = textField(object, "tos");
  written.protocol = textField(object, "ipproto");
  written.sport = textField(object, "sport") ?? rangeText(object, "sport_start", "sport_end");
  written.dport = textField(object, "dport") ?? rangeText(object, "dport_start", "dport_end");
  written.uidRange = rangeText(object, "uid_start", "uid_end");
  written.suppressPrefixLength = textField(object, "suppress_prefixlen");
  written.suppressGroup = textField(object, "suppress_ifgroup");
  const dscpMask = textField(object, "dscp_mask");
  const dscp = textField(object, "dscp");
  written.dscp = dscp === null || dscpMask === null ? dscp : `${dscp}/${dscpMask}`;
  written.tunnelId = textField(object, "tun_id");
  written.l3mdev = hasFlag(object, "l3mdev");
  const from = textField(object, "flow_from");
  const to = textField(object, "flow_to");
  written.realms = to === null ? null : from === null ? to : `${from}/${to}`;
  written.action = actionOf(object);
  for (const flag of UNMODELLED_FLAGS) if (hasFlag(object, flag)) written.unmodelled.push(flag);
  for (const key of UNMODELLED) {
    if (hasFlag(object, key)) written.unmodelled.push(`${key} ${textField(object, key) ?? ""}`.trimEnd());
  }
  for (const key of Object.keys(object)) if (!KEYS.has(key)) written.unmodelled.push(key);
  return written;
}

function actionOf(object: JsonObject): WrittenRule["action"] {
  const table = textField(object, "table");
  if (table !== null) return { kind: "table", value: table };
  const goto = textField(object, "goto");
  if (goto !== null) return { kind: "goto", value: goto };
  if (hasFlag(object, "nop")) return { kind: "other", value: "nop" };
  const action = textField(object, "action");
  return action === null ? null : { kind: "other", value: action };
}

function rangeText(object: JsonObject, first: string, last: string): string | null {
  const low = textField(object, first);
  const high = textField(object, last);
  return low === null || high === null ? null : `${low}-${high}`;
}
