import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { LabHost } from "../harness/lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";
import { told } from "../harness/told.ts";

const available = await kernelAvailable();

type Host = "A" | "R" | "B";
/** Rules of a host, `table -A CHAIN ...`; a line `table :CHAIN POLICY` sets a policy. */
type Rules = Partial<Record<Host, readonly string[]>>;

const HOOKS: Readonly<Record<string, readonly string[]>> = {
  raw: ["PREROUTING", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
};

function ruleset(lines: readonly string[]): string {
  const tables = new Map<string, string[]>();
  for (const line of lines) {
    const [table = "", ...words] = line.split(" ");
    tables.set(table, [...(tables.get(table) ?? []), words.join(" ")]);
  }
  return [...tables]
    .flatMap(([table, rules]) => [
      `*${table}`,
      ...(HOOKS[table] ?? []).map((hook) => rules.find((rule) => rule.startsWith(`:${hook} `)) ?? `:${hook} ACCEPT`),
      ...rules.filter((rule) => !rule.startsWith(":")),
      "COMMIT",
      "",
    ])
    .join("\n");
}

const SENT: ProbePacket = { host: "R", dst: "fd00:b::2", proto: "icmpv6", icmpType: 128, icmpId: 7, length: 56 };
const FORWARDED: ProbePacket = { ...SENT, host: "A" };
const REPLIED = "delivered B; echo-reply fd00:b::2 > fd00:b::1";
const REPLIED_TO_A = "delivered B; echo-reply fd00:b::2 > fd00:a::2";
const SOLICITATION = "-p icmpv6 --icmpv6-type 135";
const ADVERTISEMENT = "-p icmpv6 --icmpv6-type 136";

describe.skipIf(!available)("neighbour discovery through ip6tables, as the kernel does it", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  async function ask(rules: Rules, packet: ProbePacket, router: Partial<LabHost> = {}): Promise<string> {
    const of = (host: Host) => {
      const lines = rules[host];
      return lines === undefined ? {} : { rulesets: [{ family: 6 as const, text: ruleset(lines) }] };
    };
    const lab = routerLab6({
      staticNeighbours: false,
      router: { ...of("R"), ...router },
      hosts: { A: of("A"), B: of("B") },
    });
    const duel = await Duel.of(oracle, lab);
    const round = await duel.ask(packet);
    if (round === null) throw new Error("not asked");
    const { kernel, branches, differences } = round;
    if (kernel.delivered !== null) {
      expect(differences).toEqual([]);
      return told(round);
    }
    // To the oracle the drop of a solicitation is one of the packet that waits for the answer, which never leaves.
    expect(kernel.hops.filter(({ host, direction }) => host === "R" && direction === "out")).toEqual([]);
    expect(branches.map(({ outcome, host }) => `${outcome} ${host}`)).toEqual(["unresolved R"]);
    return "unresolved";
  }

  const FATES: readonly (readonly [sentence: string, rules: Rules, packet: ProbePacket, told: string])[] = [
    ["a DROP in OUTPUT of who asks ends it", { R: [`filter -A OUTPUT ${SOLICITATION} -j DROP`] }, SENT, "unresolved"],
    [
      "a DROP in mangle POSTROUTING of who asks ends it",
      { R: [`mangle -A POSTROUTING ${SOLICITATION} -j DROP`] },
      SENT,
      "unresolved",
    ],
    [
      "a REJECT in OUTPUT of who asks ends it",
      { R: [`filter -A OUTPUT ${SOLICITATION} -j REJECT`] },
      SENT,
      "unresolved",
    ],
    [
      "a DROP in raw PREROUTING of who is asked ends it",
      { B: [`raw -A PREROUTING ${SOLICITATION} -j DROP`] },
      SENT,
      "unresolved",
    ],
    ["a DROP in INPUT of who is asked ends it", { B: [`filter -A INPUT ${SOLICITATION} -j DROP`] }, SENT, "unresolved"],
    [
      "a DROP in OUTPUT of who answers ends it",
      { B: [`filter -A OUTPUT ${ADVERTISEMENT} -j DROP`] },
      SENT,
      "unresolved",
    ],
    [
      "a DROP in PREROUTING of who asked ends it",
      { R: [`mangle -A PREROUTING ${ADVERTISEMENT} -j DROP`] },
      SENT,
      "unresolved",
    ],
    ["a DROP in INPUT of who asked ends it", { R: [`filter -A INPUT ${ADVERTISEMENT} -j DROP`] }, SENT, "unresolved"],
    [
      "an INPUT that takes only echo requests and established connections ends it",
      {
        B: [
          "filter :INPUT DROP",
          "filter -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
          "filter -A INPUT -p icmpv6 --icmpv6-type 128 -j ACCEPT",
        ],
      },
      SENT,
      "unresolved",
    ],
    [
      "a DROP of what no connection tracks ends it",
      { B: ["filter -A INPUT -m conntrack --ctstate UNTRACKED -j DROP"] },
      SENT,
      "unresolved",
    ],
    ["FORWARD does not matter", { R: ["filter :FORWARD DROP"], B: ["filter :FORWARD DROP"] }, SENT, REPLIED],
    ["who asks may drop other solicitations", { R: [`filter -A INPUT ${SOLICITATION} -j DROP`] }, SENT, REPLIED],
    [
      "who was asked knows who asked, so that it need not ask back",
      { B: [`filter -A OUTPUT ${SOLICITATION} -j DROP`, `filter -A INPUT ${ADVERTISEMENT} -j DROP`] },
      SENT,
      REPLIED,
    ],
    [
      "a router asks from its link-local address",
      { R: [`filter -A OUTPUT ${SOLICITATION} -s fd00:b::1 -j DROP`] },
      FORWARDED,
      REPLIED_TO_A,
    ],
    [
      "a router asks from its link-local address, which may be dropped",
      { B: [`filter -A INPUT ${SOLICITATION} -s fe80::1 -j DROP`] },
      FORWARDED,
      "unresolved",
    ],
    [
      "a host asks from the address it sends from",
      { B: [`filter -A INPUT ${SOLICITATION} -s fd00:b::1 -j DROP`] },
      SENT,
      "unresolved",
    ],
    [
      "the question goes to the solicited-node group, in a multicast frame",
      { B: [`filter -A INPUT ${SOLICITATION} -d ff02::1:ff00:2 -m pkttype --pkt-type multicast -j DROP`] },
      SENT,
      "unresolved",
    ],
    [
      "the answer goes to who asked alone",
      { R: [`filter -A INPUT ${ADVERTISEMENT} -s fd00:b::2 -d fd00:b::1 -m pkttype --pkt-type unicast -j DROP`] },
      SENT,
      "unresolved",
    ],
    [
      "both have a hop limit of 255 and are 72 bytes long",
      {
        R: [
          "filter :OUTPUT DROP",
          "filter -A OUTPUT -m hl --hl-eq 255 -m length --length 72 -j ACCEPT",
          "filter -A OUTPUT -p icmpv6 --icmpv6-type 128 -j ACCEPT",
        ],
        B: [
          "filter :OUTPUT DROP",
          "filter -A OUTPUT -m hl --hl-eq 255 -m length --length 72 -j ACCEPT",
          "filter -A OUTPUT -p icmpv6 --icmpv6-type 129 -j ACCEPT",
        ],
      },
      SENT,
      REPLIED,
    ],
    [
      "a mark that routes them again does not lead them astray",
      { R: ["mangle -A OUTPUT -j MARK --set-mark 1"], B: ["mangle -A OUTPUT -j MARK --set-mark 1"] },
      SENT,
      REPLIED,
    ],
    [
      "a question whose hop limit the asking host changes is ignored",
      { R: ["mangle -A POSTROUTING -j HL --hl-set 64"] },
      SENT,
      "unresolved",
    ],
    [
      "a question whose hop limit the asked host changes is ignored",
      { B: ["mangle -A PREROUTING -j HL --hl-set 64"] },
      SENT,
      "unresolved",
    ],
    [
      "an answer whose hop limit the answering host changes is ignored",
      { B: [`mangle -A OUTPUT ${ADVERTISEMENT} -j HL --hl-dec 1`] },
      SENT,
      "unresolved",
    ],
    [
      "a forwarded packet waits for the advertisement too",
      { R: [`filter -A INPUT ${ADVERTISEMENT} -j DROP`] },
      FORWARDED,
      "unresolved",
    ],
    [
      "no user of the host sends them",
      { R: [`filter -A OUTPUT ${SOLICITATION} -m owner --uid-owner 0-4294967294 -j DROP`] },
      SENT,
      REPLIED,
    ],
  ];
  it.each(FATES)("%s", async (_sentence, rules, packet, expected) => {
    expect(await ask(rules, packet)).toBe(expected);
  });

  it("a device without a link-local address asks for what the host itself sends, not for what it forwards", async () => {
    const interfaces = [
      { name: "in0", addresses: ["fd00:a::1/64", "fe80::1/64"] },
      { name: "out0", addresses: ["fd00:b::1/64"] },
      { name: "out1", addresses: ["fd00:c::1/64", "fe80::1/64"] },
    ];
    expect(await ask({}, SENT, { interfaces })).toBe(REPLIED);
    expect(await ask({}, FORWARDED, { interfaces })).toBe("unresolved");
  });
});
