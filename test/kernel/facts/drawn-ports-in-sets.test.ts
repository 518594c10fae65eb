import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket, type Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { Lab, LabHost } from "../harness/lab.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

const MACS = { 1: "66:00:00:00:00:01", 2: "66:00:00:00:00:02" } as const;
const OUTER = "-p udp -m udp --dport 4789";
const ADD = `-A OUTPUT ${OUTER} -j SET --add-set s`;
const DELETE = `-A OUTPUT ${OUTER} -j SET --del-set s`;

interface Case {
  /** The create line and its members. */
  readonly ipsets: string;
  /** Of n1's mangle table. */
  readonly rules: readonly string[];
  /** Outer source ports; the host's range where there is none. */
  readonly ports?: readonly [first: number, last: number];
}

/** Two nodes n1 and n2 (172.16.0.1 and 2) joined by VXLAN (10.9.0.1 and 2); n1 has a set by the outer packets' ports. */
function lab({ ipsets, rules, ports }: Case): Lab {
  const node = (number: 1 | 2, own: Partial<LabHost>): LabHost => {
    const other = number === 1 ? 2 : 1;
    const sourcePorts = ports === undefined ? {} : { sourcePorts: { first: ports[0], last: ports[1] } };
    return {
      name: `n${number}`,
      interfaces: [
        { name: "eth0", addresses: [`172.16.0.${number}/24`] },
        {
          name: "vx",
          kind: "vxlan",
          mac: MACS[number],
          addresses: [`10.9.0.${number}/24`],
          vxlan: { vni: 7, port: 4789, local: `172.16.0.${number}`, ...sourcePorts },
        },
      ],
      neighbours: [`10.9.0.${other} vx ${MACS[other]}`],
      fdb: [`${MACS[other]} vx 172.16.0.${other}`],
      listen: ["udp/80"],
      ...own,
    };
  };
  return {
    hosts: [node(1, { ipsets, rulesets: [{ text: table("mangle", rules) }] }), node(2, {})],
    links: [],
    segments: [{ name: "lan", members: ["n1:eth0", "n2:eth0"] }],
    staticNeighbours: true,
  };
}

const flow = (sport: number, fresh: boolean): ProbePacket => ({
  host: "n1",
  src: "10.9.0.1",
  dst: "10.9.0.2",
  proto: "udp",
  sport,
  dport: 80,
  length: 10,
  fresh,
});

describe.skipIf(!available)("sets by ports that are drawn, VXLAN's, as the kernel has them", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  /** Packets of these flows one after the other, with what the sets have taken in. */
  async function ask(about: Case, sports: readonly number[]): Promise<readonly Round[]> {
    const duel = await Duel.of(oracle, lab(about));
    const rounds: Round[] = [];
    for (const [at, sport] of sports.entries()) rounds.push(await duel.agree(flow(sport, at === 0)));
    return rounds;
  }
  /** Numbers of the rules of POSTROUTING that the kernel found to hold. */
  const held = ({ result }: Round): readonly (number | null)[] =>
    result.rules.filter(({ chain, index }) => chain === "POSTROUTING" && index !== 0).map(({ index }) => index);
  /** Whether podpath tells one outcome alone. */
  const isOne = (rounds: readonly Round[]): readonly boolean[] => rounds.map(({ branches }) => branches.length === 1);
  /** A rule by which the outcome depends on the set. */
  const dropped = (sides: string): string => asked(sides, " -j DROP");
  const asked = (sides: string, more = ""): string => `-A POSTROUTING ${OUTER} -m set --match-set s ${sides}${more}`;

  it("finds a flow's port that it took in, by all dimensions of its type", async () => {
    const types = [
      ["hash:ip,port", "src,src"],
      ["hash:net,port", "dst,src"],
      ["hash:ip,port,ip", "src,src,dst"],
      ["hash:ip,port,net", "src,src,dst"],
      ["bitmap:port range 0-65535", "src"],
    ] as const;
    for (const [type, sides] of types) {
      const rules = [`${ADD} ${sides}`, asked(sides), asked(sides.replaceAll("src", "dst"))];
      const rounds = await ask({ ipsets: `create s ${type}\n`, rules }, [1, 2, 1]);
      expect(rounds.map(held)).toEqual([[1], [1], [1]]);
      expect(isOne(rounds)).toEqual([true, true, true]);
    }
  });

  it("forgets it, and counts for it from the packet on that brought it", async () => {
    const rules = [
      `${ADD} src,src`,
      `${DELETE} src,src`,
      asked("src,src"),
      `-A POSTROUTING ${OUTER} -j SET --add-set s src,src`,
      asked("src,src", " --packets-eq 2"),
      asked("src,src", " --bytes-gt 100"),
    ];
    const rounds = await ask({ ipsets: "create s hash:ip,port counters\n", rules }, [1, 1]);
    expect(rounds.map(held)).toEqual([
      [2, 3, 4],
      [2, 3, 4],
    ]);
    expect(isOne(rounds)).toEqual([true, true]);
  });

  it("has as much room as it says, whoever took it", async () => {
    const rules = [`${ADD} src,src`, asked("src,src")];
    const ipsets = "create s hash:ip,port maxelem 2\nadd s 172.16.0.9,udp:1\n";
    const rounds = await ask({ ipsets, rules }, [1, 2, 1]);
    expect(rounds.map(held)).toEqual([[1], [], [1]]);
  });

  it("knows it under the network that its netmask makes of the address", async () => {
    const ipsets = "create s hash:ip,port netmask 24\n";
    const rounds = await ask({ ipsets, rules: [`${ADD} src,src`, asked("dst,src"), asked("src,dst")] }, [1]);
    expect(rounds.map(held)).toEqual([[1]]);
  });

  it("takes in a port of a few, which another flow or a member may have too: nobody can tell but of a single one", async () => {
    for (const ports of [
      [20000, 20000],
      [20000, 20001],
      [20000, 20100],
    ] as const) {
      for (const members of ["", "add s 172.16.0.1,udp:20000\n"]) {
        const rules = [dropped("src,src"), `-A POSTROUTING ${OUTER} -j SET --add-set s src,src`];
        const rounds = await ask({ ipsets: `create s hash:ip,port\n${members}`, rules, ports }, [1, 2, 3, 4]);
        expect(isOne(rounds).includes(false)).toBe(ports[0] !== ports[1]);
      }
    }
  });

  it("is asked about the far port, which may be the drawn one", async () => {
    const rules = [`${ADD} dst,src`, dropped("dst,dst")];
    const rounds = await ask({ ipsets: "create s hash:ip,port\n", rules, ports: [4788, 4790] }, [1, 2, 3, 4]);
    expect(isOne(rounds)[0]).toBe(false);
  });

  it("takes out a member that may be the drawn one", async () => {
    const rules = [`${DELETE} src,src`, dropped("src,dst")];
    const ipsets = "create s hash:ip,port\nadd s 172.16.0.1,udp:4789\n";
    const rounds = await ask({ ipsets, rules, ports: [4788, 4790] }, [1, 2, 3, 4]);
    expect(isOne(rounds)[0]).toBe(false);
  });

  it("is a bitmap's member within its range alone", async () => {
    for (const [range, member] of [
      ["20000-20001", [1]],
      ["20001-20002", []],
    ] as const) {
      const ipsets = `create s bitmap:port range ${range}\n`;
      const rounds = await ask({ ipsets, rules: [`${ADD} src`, asked("src")], ports: [20000, 20000] }, [1]);
      expect(rounds.map(held)).toEqual([member]);
      expect(isOne(rounds)).toEqual([true]);
    }
    await ask(
      {
        ipsets: "create s bitmap:port range 20001-20002\n",
        rules: [`${ADD} src`, asked("src")],
        ports: [20000, 20003],
      },
      [1, 2, 3, 4, 5],
    );
  });

  it("keeps what a nomatch member says of others, until a packet adds it anew", async () => {
    const ipsets = "create s hash:net,port\nadd s 172.16.0.1/32,udp:20000 nomatch\nadd s 172.16.0.0/24,udp:20000\n";
    const again = `-A POSTROUTING ${OUTER} -j SET --add-set s src,src --exist`;
    const rules = [asked("src,src"), asked("src,src", " --return-nomatch"), again, asked("src,src")];
    const rounds = await ask({ ipsets, rules, ports: [20000, 20000] }, [1]);
    expect(rounds.map(held)).toEqual([[2, 3, 4]]);
    expect(isOne(rounds)).toEqual([true]);
  });

  it("with forceadd takes it into a full set in place of another, or, where its bucket is empty, not at all", async () => {
    const members = (count: number): string =>
      Array.from({ length: count }, (_, at) => `add s 172.16.1.${at},udp:53\n`).join("");
    const rules = [`${ADD} src,src`, dropped("src,src")];
    for (const count of [1, 12, 64]) {
      const ipsets = `create s hash:ip,port hashsize 64 maxelem ${count} forceadd\n${members(count)}`;
      expect(isOne(await ask({ ipsets, rules }, [1, 2, 3, 1, 2, 3]))[0]).toBe(false);
    }
  });

  it("of more than 1,024 buckets may take one above its maxelem: nobody can tell", async () => {
    const members = Array.from({ length: 64 }, (_, at) => `add s 172.16.1.${at},udp:53\n`).join("");
    const rules = [`${ADD} src,src`, dropped("src,src")];
    const rounds = await ask(
      { ipsets: `create s hash:ip,port hashsize 8192 maxelem 64\n${members}`, rules },
      [1, 2, 3],
    );
    expect(isOne(rounds)[0]).toBe(false);
  });
});
