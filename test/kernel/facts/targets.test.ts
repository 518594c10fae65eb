import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TableName } from "../../../src/model/ruleset.ts";
import { BUILT_IN_CHAINS } from "../../../src/model/ruleset.ts";
import { Duel, type ProbePacket, type Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { muted } from "../harness/podpath-network.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

const FAR = ["A", "B", "C"];
const MSS = [0, 400, 1200, 1460];

function table(name: TableName, rules: readonly string[]): string {
  return [`*${name}`, ...BUILT_IN_CHAINS[name].map((chain) => `:${chain} ACCEPT [0:0]`), ...rules, "COMMIT", ""].join(
    "\n",
  );
}

/** Targets that the campaigns of random rules draw seldom or not at all, and matches on what they change. */
describe.skipIf(!available).each([
  [4, "legacy"],
  [4, "nft"],
  [6, "legacy"],
  [6, "nft"],
] as const)("rare targets and matches, IPv%i, %s", (family, backend) => {
  const [src, dst, gateway] =
    family === 4 ? ["10.0.0.2", "10.0.1.2", "10.0.2.2"] : ["fd00:a::2", "fd00:b::2", "fd00:c::2"];
  const labOf = (rulesets: readonly { text: string; family: 4 | 6; backend: "legacy" | "nft" }[]) => {
    const options = { router: { rulesets }, outMtu: 1300 };
    return networkOf(family === 4 ? routerLab(options) : routerLab6(options));
  };
  let oracle: Oracle;
  beforeAll(async () => {
    oracle = new Oracle();
    await oracle.build(toBuildRequest(labOf([]), { mute: FAR }));
  });
  afterAll(() => oracle.close());

  const through: ProbePacket = {
    host: "R",
    interface: "in0",
    src,
    dst,
    proto: "udp",
    sport: 4000,
    dport: 80,
    length: 20,
  };
  const own: ProbePacket = { host: "R", dst, proto: "udp", sport: 4000, dport: 80, length: 20 };

  async function agree(text: string, ...packets: readonly ProbePacket[]): Promise<readonly Round[]> {
    await oracle.load({ host: "R", family, backend, text });
    const duel = new Duel(oracle, muted(labOf([{ text, family, backend }]), FAR));
    const rounds: Round[] = [];
    for (const packet of packets) rounds.push(await duel.agree(packet));
    return rounds;
  }

  const syns = MSS.map(
    (mss): ProbePacket => ({ ...through, proto: "tcp", flags: "S", length: 0, ...(mss > 0 ? { mss } : {}) }),
  );

  it("TCPMSS lowers the segment size, and adds it where there is none", async () => {
    const syn = "-p tcp -m tcp --tcp-flags SYN,RST SYN";
    for (const words of ["--set-mss 900", "--clamp-mss-to-pmtu"]) {
      const text = table("mangle", [
        `-A FORWARD ${syn} -j TCPMSS ${words}`,
        `-A POSTROUTING ${syn} -m tcpmss --mss 600:1100 -j MARK --set-mark 1`,
        `-A POSTROUTING ${syn} -m tcpmss ! --mss 1:500 -j MARK --set-mark 2`,
      ]);
      const rounds = await agree(
        text,
        ...syns,
        { ...syns[2], length: 10 },
        { ...through, proto: "tcp", flags: "S", length: 10 },
      );
      expect(rounds.every(({ branches }) => branches.length === 1)).toBe(true);
    }
  });

  it("TCPOPTSTRIP takes the option away", async () => {
    await agree(
      table("mangle", [
        "-A PREROUTING -p tcp -j TCPOPTSTRIP --strip-options mss",
        "-A FORWARD -p tcp -m tcp --tcp-option 2 -j MARK --set-mark 1",
        "-A FORWARD -p tcp -m tcpmss --mss 0:65535 -j MARK --set-mark 2",
      ]),
      ...syns,
    );
  });

  it("TCPOPTSTRIP leaves the header as long as it was, with padding in it", async () => {
    const whole = family === 4 ? 44 : 64;
    const offset = family === 4 ? "0>>22&0x3C@" : "40&0x0@40>>0&0x0@";
    const strip = "-A PREROUTING -p tcp -j TCPOPTSTRIP --strip-options mss";
    const rounds = await agree(
      table("mangle", [
        strip,
        `-A FORWARD -p tcp -m length --length ${whole} -j MARK --set-xmark 0x1/0x1`,
        `-A FORWARD -p tcp -m length --length ${whole - 4} -j MARK --set-xmark 0x2/0x2`,
        "-A FORWARD -p tcp -m tcp --tcp-option 1 -j MARK --set-xmark 0x4/0x4",
        ...(family === 4
          ? [`-A FORWARD -p tcp -m u32 --u32 "${offset}12>>28=6&&${offset}20=0x1010101" -j MARK --set-xmark 0x8/0x8`]
          : []),
        "-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 900",
        `-A POSTROUTING -p tcp -m length --length ${whole + 4} -j MARK --set-xmark 0x10/0x10`,
        ...(family === 4
          ? [
              `-A POSTROUTING -p tcp -m u32 --u32 "${offset}12>>28=7&&${offset}20=0x2040218&&${offset}24=0x1010101" -j MARK --set-xmark 0x20/0x20`,
            ]
          : []),
      ]),
      ...syns,
    );
    // Without the option: TCPOPTSTRIP, TCPMSS, and the length of the shorter header.
    const without = rounds[0]?.kernel.rules.length ?? 0;
    expect(rounds[1]?.kernel.rules.length).toBe(without + (family === 4 ? 4 : 2));
  });

  it("TCPOPTSTRIP leaves what an error quotes as long as it was", async () => {
    await agree(
      `${table("mangle", ["-A PREROUTING -p tcp -j TCPOPTSTRIP --strip-options mss"])}${table("filter", [
        "-A FORWARD -j REJECT",
      ])}`,
      ...syns,
    );
  });

  /** How often each rule was met, by chain and number, in the kernel's words and in podpath's. */
  async function counted(text: string, packet: ProbePacket): Promise<readonly string[]> {
    await oracle.load({ host: "R", family, backend, text });
    const duel = new Duel(oracle, muted(labOf([{ text, family, backend }]), FAR));
    const round = await duel.ask(packet);
    if (round === null) throw new Error("nothing to ask");
    const met: string[] = [];
    for (const { run } of round.answer.branches.slice(0, 1)) {
      for (const step of run.journeys.flatMap(({ id }) => run.steps.get(id) ?? [])) {
        if (step.kind === "rule" && step.matched && step.host === "R")
          met.push(`${step.place.chain.name} ${step.place.index}`);
      }
    }
    const program = family === 4 ? "iptables" : "ip6tables";
    const { stdout } = await oracle.exec("R", [`${program}-${backend}-save`, "-c", "-t", "mangle"]);
    const number = new Map<string, number>();
    const counts = [...stdout.matchAll(/^\[(\d+):\d+\] -A (\S+)/gm)].flatMap(([, packets = "0", chain = ""]) => {
      const index = (number.get(chain) ?? 0) + 1;
      number.set(chain, index);
      return Array.from({ length: Number(packets) }, () => `${chain} ${index}`);
    });
    expect([...met].sort()).toEqual([...counts].sort());
    return [...counts].sort();
  }

  it("TEE sends a copy to its gateway, which no rule copies again", async () => {
    const rest = [
      // Directly in POSTROUTING the tool refuses -i.
      ":came -",
      "-A POSTROUTING -j came",
      "-A came -i in0 -j MARK --set-mark 1",
      "-A came -i lo -j MARK --set-mark 4",
      "-A came -i in+ -j MARK --set-mark 5",
      // The device that the copy leaves by counts as the one that it came in by.
      "-A came -i out1 -j MARK --set-mark 6",
      "-A POSTROUTING -o out1 -j MARK --set-mark 2",
      `-A OUTPUT -d ${family === 4 ? "255.0.0.0/8" : "ff00::/8"} -j MARK --set-mark 9`,
      "-A OUTPUT -p udp -j MARK --set-mark 3",
    ];
    for (const chain of ["PREROUTING", "FORWARD", "POSTROUTING"]) {
      const counts = await counted(
        table("mangle", [`-A ${chain} -p udp -j TEE --gateway ${gateway}`, ...rest]),
        through,
      );
      // The copy crosses OUTPUT, and is counted in POSTROUTING as well as the packet itself.
      expect(counts).toContain("OUTPUT 2");
    }
    await counted(table("mangle", [`-A OUTPUT -p udp -j TEE --gateway ${gateway}`, ...rest]), own);
  });

  it("CLASSIFY, CHECKSUM, TRACE, IDLETIMER and RATEEST change nothing on the way", async () => {
    const text = [
      table("raw", ["-A PREROUTING -p udp -j TRACE"]),
      table("mangle", [
        "-A PREROUTING -p udp -j IDLETIMER --timeout 600 --label g3",
        "-A PREROUTING -p udp -j RATEEST --rateest-name g3 --rateest-interval 250ms --rateest-ewmalog 500ms",
        "-A POSTROUTING -p udp -j CHECKSUM --checksum-fill",
        "-A POSTROUTING -j CLASSIFY --set-class 1:2",
      ]),
    ].join("");
    await agree(text, through, own);
  });

  it("TPROXY without a socket drops", async () => {
    const text = table("mangle", ["-A PREROUTING -p udp -j TPROXY --on-port 9 --tproxy-mark 0x1/0x1"]);
    if (backend === "nft") {
      const [round] = await agree(text, through);
      expect(round?.kernel.outcome).toBe("dropped");
    } else {
      // The legacy trace tells no verdict of TPROXY.
      await oracle.load({ host: "R", family, backend, text });
      const round = await new Duel(oracle, muted(labOf([{ text, family, backend }]), FAR)).ask(through);
      expect(round?.kernel.outcome).toBe("dropped");
      expect(round?.branches.map(({ outcome }) => outcome)).toContain("dropped");
    }
  });

  it("HMARK marks by a hash of the flow", async () => {
    const flows = Array.from({ length: 6 }, (_, index) => ({ ...through, sport: 4000 + index }));
    const text = table("mangle", [
      "-A PREROUTING -j HMARK --hmark-tuple src,dst,sport,dport --hmark-mod 4 --hmark-offset 10 --hmark-rnd 0xfeedcafe",
      ...[10, 11, 12, 13].map((mark) => `-A PREROUTING -m mark --mark ${mark} -j TOS --set-tos 0x08`),
    ]);
    await agree(text, ...flows);
  });

  it("cluster, cpu, connlabel, helper, bpf, realm, nfacct and cgroup are asked", async () => {
    const matches = [
      "-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 7",
      "-m cpu --cpu 0",
      "-m connlabel ! --label 3",
      "-m helper ! --helper ftp",
    ];
    await agree(
      table(
        "mangle",
        matches.map((match) => `-A PREROUTING ${match} -j MARK --set-mark 1`),
      ),
      through,
      { ...through, sport: 4001 },
      { ...through, proto: "tcp", flags: "S" },
    );
    if (family === 4) await agree(table("mangle", ["-A FORWARD -m realm --realm 0 -j MARK --set-mark 1"]), through);
    await agree(table("mangle", ["-A OUTPUT -m cgroup ! --cgroup 5 -j MARK --set-mark 1"]), own);
  });

  it("udplite and dccp ports, and security parameters of ESP, AH and IPComp", async () => {
    const text = table("mangle", [
      "-A PREROUTING -p udplite -m multiport --dports 80 -j MARK --set-mark 1",
      "-A PREROUTING -p dccp -m dccp --dport 80 -j MARK --set-mark 2",
      "-A PREROUTING -p esp -m esp --espspi 0:9 -j MARK --set-mark 3",
      "-A PREROUTING -p esp -m esp ! --espspi 0:9 -j MARK --set-mark 4",
      // Where they go no further, the harness sees the end of both protocols in both families.
      "-A POSTROUTING -j DROP",
    ]);
    await agree(
      text,
      { ...through, proto: 136 },
      { ...through, proto: 136, dport: 81 },
      { ...through, proto: 33 },
      { ...through, proto: 50 },
    );
  });

  it("between CT --zone and the look-up, matches see a connection of nobody with nobody", async () => {
    const nobody = family === 4 ? "0.0.0.0" : "::";
    const words = [
      "--ctstate NEW",
      "--ctstate INVALID,UNTRACKED",
      "--ctdir ORIGINAL",
      "--ctdir REPLY",
      `--ctorigsrc ${nobody}`,
      `--ctrepldst ${src}`,
      "--ctproto 17",
      "--ctorigdstport 0",
      "--ctstatus CONFIRMED",
      "--ctstatus NONE",
      "--ctexpire 0",
      "--ctexpire 1:1000",
    ].map((test) => `-m conntrack ${test}`);
    const rules = [
      ...words,
      "-m connmark --mark 0x0/0x1",
      "-m connmark --mark 0x1/0x1",
      "-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 7",
      "-m cluster --cluster-total-nodes 2 --cluster-local-node 2 --cluster-hash-seed 7",
      "-m connlabel --label 3",
      "-m helper --helper ftp",
    ].map((text) => `-A PREROUTING ${text} -j MARK --set-mark 1`);
    const [round] = await agree(
      table("raw", ["-A PREROUTING -j CT --zone 7", ...rules, "-A PREROUTING -j CONNMARK --restore-mark"]),
      through,
    );
    expect(round?.result.rules.length).toBeGreaterThan(5);
  });

  it("CONNMARK behind -j CT writes into the template of that rule, for the packets that come later", async () => {
    const shows = [
      "-m connmark --mark 0x0/0xf -j MARK --set-mark 1",
      "-m connmark --mark 0x3/0xf -j MARK --set-mark 2",
    ];
    const raw = (port: number, write: string): readonly string[] =>
      [`-p udp --dport ${port} -j CT --zone 7`, ...shows, write].map((text) => `-A PREROUTING ${text}`);
    const matched = await agree(
      table("raw", [
        ...raw(80, "-p udp --dport 80 -j CONNMARK --set-mark 0x3"),
        ...raw(81, "-p udp --dport 81 -j CONNMARK --save-mark"),
        "-A PREROUTING -j CONNMARK --restore-mark",
      ]) +
        table(
          "mangle",
          shows.map((text) => `-A PREROUTING ${text}`),
        ),
      through,
      { ...through, fresh: false, sport: 4001 },
      { ...through, fresh: false, sport: 4002, dport: 81 },
      { ...through, fresh: false, sport: 4003, dport: 81 },
      { ...through, fresh: false, sport: 4004 },
    );
    // The second packet of each rule sees what the first one left there.
    expect(matched[0]?.result.rules.map(({ index }) => index)).not.toEqual(
      matched[1]?.result.rules.map(({ index }) => index),
    );
  });

  it.runIf(family === 4)("ECN is taken off", async () => {
    await agree(
      table("mangle", [
        "-A PREROUTING -p tcp -j ECN --ecn-tcp-remove",
        "-A FORWARD -p tcp -m ecn --ecn-ip-ect 0 -j MARK --set-mark 1",
        "-A FORWARD -p tcp -m ecn ! --ecn-tcp-ece -j MARK --set-mark 2",
      ]),
      { ...through, proto: "tcp", flags: "S", tos: 2 },
      { ...through, proto: "tcp", flags: "A", tos: 3 },
    );
  });
});
