import type { DumpFindings } from "../dump-findings.ts";
import { type DumpLine, quote } from "../dump-text.ts";
import { type WrittenRule, writtenRule } from "./rule-build.ts";
import { TokenReader, tokensOf } from "./tokens.ts";

/** A line of `ip rule` (ip/iprule.c, print_rule); null, with a finding, when it is none. */
export function writtenTextRule(line: DumpLine, findings: DumpFindings): WrittenRule | null {
  const match = /^\s*(\d{1,10}):\s+(.*)$/.exec(line.text);
  if (match === null) {
    findings.add("unknown-line", "warning", line.number, `Not a policy rule: ${quote(line.text)}.`, {
      expected: "`priority: from …`",
    });
    return null;
  }
  const written = writtenRule(line.number);
  written.priority = Number(match[1]);
  const reader = new TokenReader(tokensOf({ number: line.number, text: match[2] ?? "" }));
  for (let token = reader.take(); token !== null; token = reader.take()) {
    if (!readOption(token.text, reader, written)) written.unmodelled.push(token.text);
  }
  if (reader.damaged) written.unmodelled.push("an option without its value");
  return written;
}

/** False when the word is no option of a rule. */
function readOption(word: string, reader: TokenReader, written: WrittenRule): boolean {
  switch (word) {
    case "not":
      written.not = true;
      return true;
    case "from":
      written.from = reader.takeText();
      return true;
    case "to":
      written.to = reader.takeText();
      return true;
    case "iif":
    case "dev":
      written.inInterface = reader.takeText();
      return true;
    case "oif":
      written.outInterface = reader.takeText();
      return true;
    // The interface does not exist at the moment; the rule stays. `[unresolved]`: the goto leads nowhere.
    case "[detached]":
    case "[unresolved]":
      return true;
    case "fwmark":
      written.mark = reader.takeText();
      return true;
    case "tos":
    case "dsfield":
      written.tos = reader.takeText();
      return true;
    case "ipproto":
      written.protocol = reader.takeText();
      return true;
    case "sport":
      written.sport = reader.takeText();
      return true;
    case "dport":
      written.dport = reader.takeText();
      return true;
    case "uidrange":
      written.uidRange = reader.takeText();
      return true;
    case "lookup":
    case "table":
      readTable(reader, written);
      return true;
    case "suppress_prefixlength":
    case "sup_pl":
      written.suppressPrefixLength = reader.takeText();
      return true;
    case "goto":
      written.action = { kind: "goto", value: reader.takeText() };
      return true;
    case "nop":
    case "blackhole":
    case "unreachable":
    case "prohibit":
    case "throw":
    case "unicast":
      written.action = { kind: "other", value: word };
      return true;
    case "proto":
    case "protocol":
      reader.take();
      return true;
    case "realms":
    case "realm":
      written.realms = reader.takeText();
      return true;
    case "l3mdev":
      written.l3mdev = true;
      return true;
    case "tun_id":
      written.tunnelId = reader.takeText();
      return true;
    case "suppress_ifgroup":
    case "sup_group":
      written.suppressGroup = reader.takeText();
      return true;
    case "dscp":
      written.dscp = reader.takeText();
      return true;
    case "masquerade":
      written.unmodelled.push(word);
      return true;
    case "flowlabel":
    case "map-to":
      written.unmodelled.push(`${word} ${reader.takeText()}`);
      return true;
  }
  return false;
}

function readTable(reader: TokenReader, written: WrittenRule): void {
  const table = reader.takeText();
  if (table === "[l3mdev-table]") written.l3mdev = true;
  else written.action = { kind: "table", value: table };
}
