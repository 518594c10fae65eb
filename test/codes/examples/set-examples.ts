import type { SET_CODES } from "../../../src/model/codes/set-codes.ts";
import { type ExamplesOf, filter, snapshot } from "../example.ts";

const CREATE = "create blocked hash:net family inet hashsize 1024 maxelem 65536\n";
const saved = (text: string) => snapshot({ "nodes/n1/ipset-save.txt": text });
const rule = (set: string, text: string) =>
  snapshot({ "nodes/n1/ipset-save.txt": set, "nodes/n1/iptables-save.txt": filter(text) });

export const SET_EXAMPLES: ExamplesOf<typeof SET_CODES> = {
  "duplicate-set": saved(`${CREATE}${CREATE}`),
  "missing-set": rule(CREATE, "-A INPUT -m set --match-set allowed src -j ACCEPT"),
  "set-dimensions": rule(
    "create blocked hash:ip,port family inet hashsize 1024 maxelem 65536\n",
    "-A INPUT -m set --match-set blocked src -j DROP",
  ),
  "set-family": rule(
    "create blocked hash:net family inet6 hashsize 1024 maxelem 65536\n",
    "-A INPUT -m set --match-set blocked src -j DROP",
  ),
  "unknown-member": saved(`${CREATE}add blocked 10.0.0.0/99\n`),
  "unknown-set": saved(`${CREATE}add allowed 10.0.0.1\n`),
  "unmodelled-command": saved(`${CREATE}swap blocked allowed\n`),
  "unmodelled-set": saved("create blocked hash:weather family inet\n"),
};
