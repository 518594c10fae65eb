import { readSnapshot, type SnapshotResult } from "../../src/readers/snapshot/read-snapshot.ts";
import { type Asked, askedProbe } from "../../src/report/asked.ts";
import { askProbe, type Probe, prepareProbe } from "../../src/trace/probe.ts";
import type { Answer } from "../../src/trace/result.ts";

const EMPTY_RULES = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";

function addresses(last: number): string {
  return `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP group default qlen 1000
    link/ether 52:54:00:00:00:0${last} brd ff:ff:ff:ff:ff:ff
    inet 10.0.0.${last}/24 brd 10.0.0.255 scope global eth0
       valid_lft forever preferred_lft forever
`;
}

const ROUTES = (last: number): string =>
  `default via 10.0.0.254 dev eth0\n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.${last}\n`;

/** The dumps of two nodes on one LAN; give what differs. */
export function twoNodes(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const files: Record<string, string> = { ...more };
  for (const last of [1, 2]) {
    files[`nodes/n${last}/ip-addr.txt`] ??= addresses(last);
    files[`nodes/n${last}/ip-route.txt`] ??= ROUTES(last);
    files[`nodes/n${last}/iptables-save.txt`] ??= EMPTY_RULES;
    files[`nodes/n${last}/sockets.txt`] ??= 'tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=1,fd=3))\n';
  }
  return files;
}

/** A filter table of n2 with these lines. */
export function filterOfN2(...lines: readonly string[]): Record<string, string> {
  return { "nodes/n2/iptables-save.txt": ["*filter", ...lines, "COMMIT", ""].join("\n") };
}

export function read(files: Readonly<Record<string, string>>): SnapshotResult {
  return readSnapshot({ name: "two-nodes", files: new Map(Object.entries(files)) });
}

/** Asks a probe of dumps; the probe has to be askable. */
export function ask(
  files: Readonly<Record<string, string>>,
  probe: Partial<Probe> & Pick<Probe, "from" | "to">,
  everyRule = false,
): { readonly asked: Asked; readonly answer: Answer } {
  const { network } = read(files);
  const prepared = prepareProbe(network, {
    kind: null,
    protocol: null,
    port: null,
    sport: null,
    size: null,
    df: false,
    ...probe,
  });
  if ("findings" in prepared) throw new Error(prepared.findings.map((finding) => finding.message).join("; "));
  return { asked: askedProbe(prepared.probe), answer: askProbe(network, prepared.probe, { everyRule }) };
}
