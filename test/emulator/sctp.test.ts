import { describe, expect, it } from "vitest";
import { SCTP } from "../../src/net/protocol.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";
import { askProbe, prepareProbe } from "../../src/trace/probe.ts";
import { unverifiedParts } from "../../src/trace/rests-on.ts";
import type { Answer, Branch } from "../../src/trace/result.ts";

const node = (last: number): Readonly<Record<string, string>> => ({
  [`nodes/n${last}/ip-addr.txt`]: `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN\n    inet 127.0.0.1/8 scope host lo\n2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP\n    link/ether 02:00:00:00:00:0${last} brd ff:ff:ff:ff:ff:ff\n    inet 10.0.0.${last}/24 scope global eth0\n    inet6 2001:db8::${last}/64 scope global\n`,
  [`nodes/n${last}/ip-route.txt`]: `10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.${last}\n`,
  [`nodes/n${last}/ip-route-v6.txt`]: "2001:db8::/64 dev eth0 proto kernel metric 256 pref medium\n",
  [`nodes/n${last}/iptables-save.txt`]: rules(),
  [`nodes/n${last}/ip6tables-save.txt`]: rules(),
});

function rules(...lines: readonly string[]): string {
  return `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${lines.map((line) => `${line}\n`).join("")}COMMIT\n`;
}

/** What the receiver has: a listener on 3868, and beside it a server of TCP. */
const LISTENING = "sctp LISTEN 0 128 *:3868 *:*\n";
const SILENT = "tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*\n";

function associate(files: Readonly<Record<string, string>>, to = "10.0.0.2", strict = false): Answer {
  const all = { ...node(1), ...node(2), ...files };
  const { network } = readSnapshot({ name: "test", files: new Map(Object.entries(all)) });
  const probe = { from: "n1", to, kind: null, protocol: SCTP, port: 3868, sport: null, size: null, df: false };
  const prepared = prepareProbe(network, probe);
  if ("findings" in prepared) throw new Error(prepared.findings.map((finding) => finding.message).join("; "));
  return askProbe(network, prepared.probe, { strict });
}

function said({ run }: Branch): readonly unknown[] {
  return run.journeys.map(({ kind, packet }) => [kind, packet.sctp?.tag, packet.sctp?.chunks.map(({ type }) => type)]);
}

function results(answer: Answer): readonly unknown[] {
  return answer.branches.map(({ run }) => [run.report?.result, run.report?.text]);
}

describe("a client of SCTP", () => {
  it.each(["10.0.0.2", "2001:db8::2"])("opens an association with a listener and hears data (%s)", (to) => {
    const answer = associate({ "nodes/n2/sockets.txt": LISTENING }, to);
    expect(results(answer)).toEqual([["answered", `associated with ${to} port 3868, data both ways`]]);
    const [branch] = answer.branches;
    expect(branch === undefined ? [] : said(branch)).toEqual([
      ["request", 0, [1]],
      ["init-ack", 1, [2]],
      ["cookie-echo", 5000, [10]],
      ["cookie-ack", 1, [11]],
      ["data", 5000, [0]],
      ["data", 1, [3, 0]],
    ]);
    expect(unverifiedParts(answer.network, answer.branches).map(({ feature }) => feature)).toEqual(["SCTP sockets"]);
  });

  it("is told that the protocol is not there where no kernel module is, and may be told otherwise", () => {
    const answer = associate({ "nodes/n2/sockets.txt": SILENT });
    expect(results(answer)).toEqual([["unreachable", "Protocol not available"]]);
    expect(answer.assumptions.map(({ code }) => code)).toEqual(
      expect.arrayContaining(["no-sctp-socket", "no-sctp-module"]),
    );
    expect(results(associate({ "nodes/n2/sockets.txt": SILENT }, "2001:db8::2"))).toEqual(results(answer));
    expect(associate({ "nodes/n2/sockets.txt": SILENT }, "10.0.0.2", true).certainty).toBe("uncertain");
  });

  it("is refused by an ABORT where the kernel speaks SCTP and nobody listens", () => {
    const refused = [["refused", "Connection refused"]];
    const module = { "nodes/n2/sockets.txt": SILENT, "nodes/n2/sysctl.txt": "net.sctp.rto_initial = 3000\n" };
    expect(results(associate(module))).toEqual(refused);
    expect(results(associate({ "nodes/n2/sockets.txt": LISTENING.replace("3868", "3869") }))).toEqual(refused);
    // the sender's own kernel speaks it
    expect(results(associate({ "nodes/n1/sockets.txt": SILENT }, "10.0.0.1"))).toEqual(refused);
  });

  it("waits for its timeout where a rule rejects with another error than protocol unreachable", () => {
    const rejecting = (how: string): Answer =>
      associate({
        "nodes/n2/sockets.txt": LISTENING,
        "nodes/n2/iptables-save.txt": rules(`-A INPUT -p sctp -m sctp --dport 3868 -j REJECT --reject-with ${how}`),
      });
    expect(results(rejecting("icmp-port-unreachable"))).toEqual([["timeout", "Connection timed out"]]);
    expect(results(rejecting("icmp-proto-unreachable"))).toEqual([["unreachable", "Protocol not available"]]);
  });

  it("is met by rules about chunks and about the association's state", () => {
    const filtered = (...lines: readonly string[]): readonly unknown[] =>
      results(associate({ "nodes/n2/sockets.txt": LISTENING, "nodes/n2/iptables-save.txt": rules(...lines) }));
    const stateful = [
      "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
      "-A INPUT -p sctp -m sctp --dport 3868 --chunk-types only INIT -m conntrack --ctstate NEW -j ACCEPT",
      "-A INPUT -j DROP",
    ];
    expect(filtered(...stateful)).toEqual([["answered", "associated with 10.0.0.2 port 3868, data both ways"]]);
    expect(filtered("-A INPUT -p sctp -m sctp --chunk-types any COOKIE_ECHO -j DROP")).toEqual([
      ["timeout", "Connection timed out"],
    ]);
    expect(filtered("-A INPUT -p sctp -m sctp --chunk-types any DATA -j DROP")).toEqual([
      ["timeout", "associated with 10.0.0.2 port 3868, but no data came back"],
    ]);
  });

  it("may or may not be answered by a machine that nobody dumped", () => {
    const routes = { "nodes/n1/ip-route.txt": "default via 10.0.0.254 dev eth0\n10.0.0.0/24 dev eth0\n" };
    const answer = associate(routes, "203.0.113.1");
    expect(answer.certainty).toBe("uncertain");
    expect(new Set(answer.branches.map(({ run }) => run.report?.result))).toEqual(new Set(["timeout", "answered"]));
  });
});
