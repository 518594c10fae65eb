import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { readConntrack } from "../../../src/readers/conntrack.ts";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { muted, withHost } from "../harness/podpath-network.ts";
import { routerLab } from "../harness/router-lab.ts";

const available = await kernelAvailable();

/** All chains of a table, since the legacy backend always has them. */
function chains(...names: readonly string[]): readonly string[] {
  return names.map((name) => `:${name} ACCEPT [0:0]`);
}

/** Rules that translate both ends, mark connections, put some in zones, and tell conntrack's word about every packet. */
const RULES = [
  "*raw",
  ...chains("PREROUTING", "OUTPUT"),
  "-A PREROUTING -i in0 -s 10.0.0.130 -j CT --zone-orig 5",
  "-A PREROUTING -i in0 -s 10.0.0.131 -j CT --zone 6",
  "-A PREROUTING -i out0 -d 10.0.0.131 -j CT --zone 6",
  "COMMIT",
  "*mangle",
  ...chains("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
  "-A PREROUTING -m conntrack --ctstate NEW -j CONNMARK --set-xmark 0x10/0xff",
  ...["NEW", "ESTABLISHED", "RELATED", "INVALID", "SNAT", "DNAT"].map(
    (state) => `-A PREROUTING -m conntrack --ctstate ${state} -j MARK --set-mark 0x1`,
  ),
  "-A PREROUTING -m conntrack --ctstatus ASSURED -j MARK --set-mark 0x1",
  "-A PREROUTING -m connmark --mark 0x10 -j MARK --set-mark 0x2",
  "COMMIT",
  "*nat",
  ...chains("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
  "-A PREROUTING -d 10.99.0.1 -j DNAT --to-destination 10.0.1.2",
  "-A POSTROUTING -s 10.0.0.129 -o out0 -j MASQUERADE",
  "COMMIT",
  "",
].join("\n");

type Turn = Partial<ProbePacket> & { readonly back?: boolean };

const tcp = (flags: string, seq: number, ack: number, length = 0): Turn => ({ flags, seq, ack, length });
const reply = (more: Partial<ProbePacket> = {}): Turn => ({ ...more, back: true });

/** What a client and a server say to each other, by protocol; the client's turns are whole packets. */
const TALKS: Readonly<Record<string, { readonly body: Partial<ProbePacket>; readonly turns: readonly Turn[] }>> = {
  "TCP, closed by the client": {
    body: { proto: "tcp", sport: 4000, dport: 80 },
    turns: [
      tcp("S", 1000, 0),
      reply(),
      tcp("A", 1001, 5001),
      tcp("PA", 1001, 5001, 10),
      reply(),
      tcp("FA", 1011, 5001),
      reply({ flags: "FA" }),
      tcp("A", 1012, 5002),
    ],
  },
  "TCP, reset by the server": {
    body: { proto: "tcp", sport: 4000, dport: 80 },
    turns: [tcp("S", 1000, 0), reply(), tcp("A", 1001, 5001), tcp("PA", 1001, 5001, 10), reply({ flags: "RA" })],
  },
  "TCP, reused after its end": {
    body: { proto: "tcp", sport: 4000, dport: 80 },
    turns: [
      tcp("S", 1000, 0),
      reply(),
      tcp("A", 1001, 5001),
      tcp("FA", 1001, 5001),
      reply({ flags: "FA" }),
      tcp("A", 1002, 5002),
      tcp("S", 90000, 0),
      reply(),
      tcp("A", 90001, 5001),
    ],
  },
  UDP: { body: { proto: "udp", sport: 4000, dport: 53 }, turns: [{}, reply(), {}, reply(), {}] },
  ICMP: { body: { proto: "icmp", icmpId: 7 }, turns: [{}, reply(), {}, reply()] },
  GRE: { body: { proto: 47, length: 8 }, turns: [{}, reply({ length: 8 }), {}, reply({ length: 8 })] },
  SCTP: {
    body: { proto: "sctp", sport: 4000, dport: 80 },
    turns: [
      { chunks: ["INIT"], initTag: 1 },
      reply({ chunks: ["INIT_ACK"], vtag: 1, initTag: 2 }),
      { chunks: ["COOKIE_ECHO"], vtag: 2 },
      reply({ chunks: ["COOKIE_ACK"], vtag: 1 }),
      { chunks: ["DATA"], vtag: 2 },
      reply({ chunks: ["SACK"], vtag: 1 }),
      { chunks: ["SHUTDOWN"], vtag: 2 },
      reply({ chunks: ["SHUTDOWN_ACK"], vtag: 1 }),
      { chunks: ["SHUTDOWN_COMPLETE"], vtag: 2 },
    ],
  },
};

function packets(src: string, dst: string, talk: string): readonly ProbePacket[] {
  const { body, turns } = TALKS[talk] ?? { body: {}, turns: [] };
  let last = "";
  return turns.map(({ back, ...turn }, index) => {
    const id = `t${index}`;
    if (back === true) return { id, replyTo: last, ...turn, fresh: false };
    last = id;
    return { id, host: "R", interface: "in0", src, dst, ...body, ...turn, fresh: index === 0 };
  });
}

describe.skipIf(!available)("a connection table that `conntrack -L` told", () => {
  let oracle: Oracle;
  const plain = networkOf(
    routerLab({ router: { rulesets: [{ text: RULES }], sysctls: { "net.netfilter.nf_conntrack_acct": "1" } } }),
  );
  const network = muted(plain, ["A", "B", "C"]);
  beforeAll(async () => {
    oracle = new Oracle();
    await oracle.build(toBuildRequest(plain, { mute: ["A", "B", "C"] }));
  });
  afterAll(() => oracle.close());

  const talks = Object.keys(TALKS);
  const clients = ["10.0.0.129", "10.0.0.130", "10.0.0.131"] as const;
  it.each(talks.flatMap((talk) => clients.map((client) => [talk, client] as const)))(
    "goes on where the kernel was, after any packet: %s from %s",
    async (talk, client) => {
      const all = packets(client, client === "10.0.0.130" ? "10.0.1.2" : "10.99.0.1", talk);
      for (let cut = 1; cut < all.length; cut++) {
        const duel = new Duel(oracle, network, true);
        for (const packet of all.slice(0, cut)) await duel.ask(packet);
        const { stdout } = await oracle.exec("R", ["conntrack", "-L", "-o", cut % 2 === 0 ? "extended" : "id"]);
        const { records, findings } = readConntrack(stdout, "conntrack.txt", originTable());
        expect(findings.filter(({ severity }) => severity !== "info")).toEqual([]);
        expect(records).toHaveLength(1);
        duel.use(withHost(network, "R", { conntrack: records }));
        for (const packet of all.slice(cut)) {
          const round = await duel.ask(packet);
          expect([talk, client, cut, packet.id, ...(round?.differences ?? ["nothing to answer"])]).toEqual([
            talk,
            client,
            cut,
            packet.id,
          ]);
        }
      }
    },
    60_000,
  );
});
