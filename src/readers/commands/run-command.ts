import type { Host } from "../../model/host.ts";
import { splitWords } from "../iptables/words.ts";
import type { Command, CommandContext, CommandResult } from "./command.ts";
import { conntrack } from "./conntrack.ts";
import { ip } from "./ip.ts";
import { iptables } from "./iptables.ts";
import { iptablesRestore } from "./iptables-restore.ts";
import { sysctl } from "./sysctl.ts";

function programNamed(name: string): Command | null {
  if (/^ip6?tables(?:-legacy|-nft)?$/.test(name)) return iptables;
  if (/^ip6?tables(?:-legacy|-nft)?-restore$/.test(name)) return iptablesRestore;
  if (name === "sysctl") return sysctl;
  if (name === "conntrack") return conntrack;
  return name === "ip" ? ip : null;
}

/** What words in single quotes are in double ones. */
function doubleQuoted(command: string): string {
  return command.replace(/'([^']*)'/g, (_, inside: string) => `"${inside.replace(/(["\\])/g, "\\$1")}"`);
}

/** A line as somebody types it on a machine: `iptables -I INPUT -p tcp --dport 179 -j ACCEPT`. What it changes is in the host. */
export function runCommand(command: string, host: Host, context: CommandContext): CommandResult {
  const { words } = splitWords(doubleQuoted(command.trim()));
  const typed = words[0]?.text === "sudo" ? words.slice(1) : words;
  const name = (typed[0]?.text ?? "").replace(/^.*\//, "");
  const program = programNamed(name);
  if (program === null) {
    return {
      problem: name === "" ? "there is no command" : `${name} is not among the commands that are played`,
      expected: "iptables, ip6tables, iptables-restore, sysctl, ip route, ip addr, ip link or conntrack -F",
    };
  }
  return program([{ text: name, column: 1, quoted: false }, ...typed.slice(1)], host, context);
}
