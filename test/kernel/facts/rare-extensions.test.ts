import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket, type Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { FAMILIES_AND_BACKENDS, table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { muted } from "../harness/podpath-network.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();
const FAR = ["A", "B", "C"];

/** Makes the accounting object `seen`, as `nfacct add seen` does (linux/netfilter/nfnetlink_acct.h). */
const ACCOUNTING_OBJECT = `
import socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
name = b"seen\\0"
attribute = struct.pack("=HH", 4 + len(name), 1) + name + b"\\0" * (-len(name) % 4)
body = struct.pack("=BBH", 0, 0, 0) + attribute
s.send(struct.pack("=IHHII", 16 + len(body), 7 << 8, 0x605, 1, 0) + body)
print(struct.unpack("=i", s.recv(4096)[16:20])[0])
`;

/** Matches and targets that hardly anybody uses, and that neither the campaigns nor `targets.test.ts` draw. */
describe.skipIf(!available).each(FAMILIES_AND_BACKENDS)("rare extensions, IPv%i, %s", (family, backend) => {
  const six = family === 6;
  const [src, dst] = six ? ["fd00:a::2", "fd00:b::2"] : ["10.0.0.2", "10.0.1.2"];
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
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
  const syn: ProbePacket = { ...through, proto: "tcp", flags: "S", length: 0 };

  async function duelOf(text: string): Promise<Duel> {
    const options = { router: { rulesets: [{ family, backend, text }] } };
    const network = networkOf(six ? routerLab6(options) : routerLab(options));
    await oracle.build(toBuildRequest(network, { mute: FAR }));
    return new Duel(oracle, muted(network, FAR));
  }

  async function agree(text: string, ...packets: readonly ProbePacket[]): Promise<readonly Round[]> {
    const duel = await duelOf(text);
    const rounds: Round[] = [];
    for (const packet of packets) rounds.push(await duel.agree(packet));
    return rounds;
  }

  /** Whether the kernel refuses each rule. */
  async function refused(rules: readonly (readonly [string, string])[]): Promise<readonly boolean[]> {
    await oracle.build(toBuildRequest(networkOf(six ? routerLab6({}) : routerLab({})), { mute: FAR }));
    const program = `${six ? "ip6tables" : "iptables"}-${backend}`;
    const found: boolean[] = [];
    for (const [name, rule] of rules) {
      const { code } = await oracle.exec("R", [program, "-w", "-t", name, ...rule.split(" ")]);
      found.push(code !== 0);
    }
    return found;
  }

  const unknown = (rounds: readonly Round[]): readonly string[] => rounds.map(({ answer }) => answer.certainty);

  it("cpu and bpf are asked about, and the kernel does one of the two", async () => {
    const rules = [
      "-A FORWARD -m cpu --cpu 0 -j DROP",
      '-A FORWARD -m bpf --bytecode "4,48 0 0 9,21 0 1 17,6 0 0 65535,6 0 0 0" -j DROP',
    ];
    for (const rule of rules) {
      const rounds = await agree(table("filter", [rule]), through, syn);
      expect(unknown(rounds)).toEqual(["uncertain", "uncertain"]);
    }
  });

  it.skipIf(six)("realm sees the class of the route", async () => {
    await agree(
      table("filter", [
        "-A FORWARD -m realm --realm 0",
        "-A FORWARD -m realm ! --realm 0",
        "-A FORWARD -m realm --realm 7",
      ]),
      through,
    );
  });

  it("ipcomp and esp sees protocols by their number", async () => {
    const rules = [
      "-A FORWARD -p 108 -m ipcomp --ipcompspi 0:4294967295",
      "-A FORWARD -p esp -m esp",
      "-A FORWARD -p 108",
    ];
    await agree(table("filter", rules), { ...through, proto: 108 }, { ...through, proto: 50 }, through);
  });

  it.skipIf(six)("osf is asked about for SYNs alone", async () => {
    const rules = ["-A FORWARD -p tcp -m osf --genre Linux -j DROP", "-A FORWARD -p tcp -m osf ! --genre Linux"];
    const rounds = await agree(table("filter", rules), syn, { ...syn, flags: "A" });
    expect(unknown(rounds)).toEqual(["uncertain", "certain"]);
  });

  it("SYNPROXY is asked about for what opens a connection, and lets the rest go on", async () => {
    const rules = [
      "-A FORWARD -p tcp -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --mss 1460",
      "-A FORWARD -p tcp",
    ];
    const text = [table("raw", ["-A PREROUTING -p tcp --syn -j CT --notrack"]), table("filter", rules)].join("\n");
    const duel = await duelOf(text);
    const opening = await duel.ask(syn);
    // The proxy answers the SYN itself, in the server's name.
    expect(opening?.kernel.responses.map(({ kind }) => kind)).toEqual(["syn-ack"]);
    expect(opening?.answer.certainty).toBe("uncertain");
    const reset = await duel.ask({ ...syn, flags: "R" });
    expect([reset?.kernel.outcome, reset?.branches.map(({ outcome }) => outcome)]).toEqual([
      "delivered",
      ["delivered"],
    ]);
  });

  it.skipIf(!six)("SNPT and DNPT translate prefixes without a state", async () => {
    const maps = [
      ["fd00:a::/64", "fd00:c::/64"],
      ["fd00:a::/48", "2001:db8:1::/48"],
      ["fd00:a::/56", "2001:db8:1:100::/56"],
      ["fd00:a::/64", "2001:db8::/32"],
    ];
    for (const [from, to] of maps) {
      const snpt = table("mangle", [
        `-A POSTROUTING -o out0 -s ${from} -j SNPT --src-pfx ${from} --dst-pfx ${to}`,
        "-A POSTROUTING -p udp",
      ]);
      const hosts = ["::2", "::1f", "::ffff:1", "::ffff:0:2"];
      await agree(snpt, ...hosts.map((last): ProbePacket => ({ ...through, src: `fd00:a${last}` })));
    }
    // In PREROUTING the packet is changed in the very frame that the observer still looks at.
    const dnpt = [
      "-A OUTPUT -d fd00:c::/64 -j DNPT --src-pfx fd00:c::/64 --dst-pfx fd00:b::/64",
      "-A OUTPUT -d fd00:8::/32 -j DNPT --src-pfx fd00:8::/32 --dst-pfx fd00:9::/32",
      "-A OUTPUT -p udp",
    ];
    const own: ProbePacket = {
      host: "R",
      dst: "fd00:c::2",
      proto: "udp",
      sport: 4000,
      dport: 80,
      length: 20,
      raw: true,
    };
    await agree(table("mangle", dnpt), own, { ...own, dst: "fd00:c::ffff:5" });
  });

  it("CONNSECMARK passes on security marks that nobody set", async () => {
    const rules = [
      "-A PREROUTING -m conntrack --ctstate NEW,ESTABLISHED -j CONNSECMARK --save",
      "-A PREROUTING -j CONNSECMARK --restore",
      "-A PREROUTING -p udp",
    ];
    const rounds = await agree(table("mangle", rules), through, { ...through, fresh: false });
    expect(unknown(rounds)).toEqual(["certain", "certain"]);
  });

  it.skipIf(backend === "nft")("QUEUE is asked about: nobody listens to queue 0", async () => {
    const rounds = await agree(table("filter", ["-A FORWARD -p udp -j QUEUE", "-A FORWARD -p udp"]), through, syn);
    expect(rounds.map(({ kernel }) => kernel.outcome)).toEqual(["dropped", "delivered"]);
    expect(unknown(rounds)).toEqual(["uncertain", "certain"]);
  });

  it("nfacct counts in its object, and matches where that has no quota", async () => {
    const options = { router: {} };
    const text = table("filter", [
      "-A FORWARD -p udp -m nfacct --nfacct-name seen",
      "-A FORWARD -p udp -m nfacct --nfacct-name seen -j DROP",
    ]);
    await oracle.build(toBuildRequest(networkOf(six ? routerLab6(options) : routerLab(options)), { mute: FAR }));
    expect((await oracle.exec("R", ["python3", "-c", ACCOUNTING_OBJECT])).stdout).toBe("0\n");
    await oracle.load({ host: "R", family, backend, text });
    const given = { router: { rulesets: [{ family, backend, text }] } };
    const duel = new Duel(oracle, muted(networkOf(six ? routerLab6(given) : routerLab(given)), FAR));
    const rounds = [await duel.agree(through), await duel.agree(syn)];
    expect(rounds.map(({ kernel }) => kernel.outcome)).toEqual(["dropped", "delivered"]);
    await oracle.reset("R");
  });

  it("SECMARK, LED and ULOG are refused by this kernel, which has no SELinux policy and no such modules", async () => {
    const rules = [
      ["security", "-A FORWARD -j SECMARK --selctx system_u:object_r:x_t:s0"],
      ["filter", "-A FORWARD -j LED --led-trigger-id x"],
      ...(six ? [] : [["filter", "-A FORWARD -j ULOG"] as const]),
    ] as const;
    expect(await refused(rules)).toEqual(rules.map(() => true));
  });

  it.skipIf(!six)("srh, which is not modelled, is asked about where its outcome matters", async () => {
    const rounds = await agree(table("filter", ["-A FORWARD -m srh --srh-segs-left-eq 0 -j DROP"]), through);
    expect(unknown(rounds)).toEqual(["uncertain"]);
  });
});
