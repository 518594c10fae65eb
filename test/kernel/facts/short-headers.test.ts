import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { FAMILIES_AND_BACKENDS, OptionLab, table } from "../harness/option-lab.ts";

const available = await kernelAvailable();

const IPCOMP = 108;
const DCCP = 33;
const MOBILITY = 135;

/** Packets that end before, at and after the last octet that a match reads: `par->hotdrop` in the kernel. */
describe.skipIf(!available).each(FAMILIES_AND_BACKENDS)("headers that are cut short, IPv%i, %s", (family, backend) => {
  const six = family === 6;
  const [src, dst] = six ? ["fd00:a::2", "fd00:b::2"] : ["10.0.0.2", "10.0.1.2"];
  const lab = new OptionLab(family, backend);
  beforeAll(() => lab.build());
  afterAll(() => lab.close());

  const through = (proto: number | string, length: number): ProbePacket => ({
    host: "R",
    interface: "in0",
    src,
    dst,
    proto,
    length,
    ...(proto === DCCP ? { sport: 4000, dport: 80 } : {}),
  });

  /** Sends packets of each length behind one rule and the rest, and answers the lengths that did not come through. */
  async function dropped(proto: number, rule: string, lengths: readonly number[]): Promise<readonly number[]> {
    const text = table("filter", [`-A FORWARD ${rule}`, "-A FORWARD -m conntrack --ctstate INVALID"]);
    const packets = lengths.map((length) => through(proto, length));
    const rounds = await lab.agree(text, packets, { conntrack: true });
    for (const { answer } of rounds) expect(answer.certainty).toBe("certain");
    return rounds.filter(({ kernel }) => kernel.outcome === "dropped").map(({ packet }) => packet.length ?? 0);
  }

  it("a security header is read whole: 8 octets", async () => {
    expect(await dropped(50, "-p esp -m esp", [0, 4, 7, 8, 20])).toEqual([0, 4, 7]);
    expect(await dropped(50, "-p esp", [0, 7])).toEqual([]);
  });

  it.skipIf(six)("an authentication header is read up to its data: 12 octets", async () => {
    expect(await dropped(51, "-p ah -m ah", [0, 8, 11, 12, 20])).toEqual([0, 8, 11]);
  });

  it("a compression header is read whole: 4 octets", async () => {
    const rule = `-p ${IPCOMP} -m ipcomp --ipcompspi 0:4294967295`;
    expect(await dropped(IPCOMP, rule, [0, 3, 4, 20])).toEqual([0, 3]);
  });

  it("of DCCP the first 12 octets are read, whatever the rule asks for", async () => {
    for (const rule of ["--dport 80", "--dport 81", "! --sport 4000", "--sport 1 -m multiport --dports 7"]) {
      expect(await dropped(DCCP, `-p ${DCCP} -m dccp ${rule}`, [0, 3, 4, 8])).toEqual([0, 3]);
    }
    expect(await dropped(DCCP, `-p ${DCCP} -m multiport --dports 80`, [0, 3])).toEqual([]);
  });

  it("tcpmss wants a whole TCP header of further fragments, too: what of 20 octets and more look like one is a question", async () => {
    for (const negation of ["", "! "]) {
      const text = table("filter", [`-A FORWARD -p tcp -m tcpmss ${negation}--mss 0:1000`]);
      const packets = [8, 19, 20, 25, 600].map((length) => ({ ...through("tcp", length), fragOffset: 560, mf: false }));
      const rounds = await lab.agree(text, packets);
      // the oracle's payload is of zeros: an offset of no words
      expect(rounds.map(({ kernel }) => kernel.outcome)).toEqual(packets.map(() => "dropped"));
      const certainties = rounds.map(({ answer }) => answer.certainty);
      expect(certainties).toEqual(["certain", "certain", "uncertain", "uncertain", "uncertain"]);
    }
  });

  it("what fails before it in the rule keeps a match from reading", async () => {
    const rules = ["-p esp -m mark --mark 1 -m esp", "-p esp -i out0 -m esp", "-p esp -s 9.9.9.9 -m esp"];
    for (const rule of six ? rules.slice(0, 2) : rules) expect(await dropped(50, rule, [0, 8])).toEqual([]);
    expect(await dropped(50, "-p esp -m esp -m mark --mark 1", [0, 8])).toEqual([0]);
  });

  it("a local sender is told, and a negated SPI reads as well", async () => {
    const text = table("filter", ["-A OUTPUT -p esp -m esp ! --espspi 0:4294967295 -j ACCEPT", "-A OUTPUT -p esp"]);
    const local: ProbePacket = { host: "R", dst, proto: 50, length: 4 };
    const [short, whole] = await lab.agree(text, [local, { ...local, length: 8 }]);
    expect([short?.kernel.outcome, short?.kernel.errno]).toEqual(["dropped", "EPERM"]);
    expect(whole?.kernel.outcome).toBe("delivered");
  });

  it("a chain that was jumped to drops as a built-in one does, whatever the target is", async () => {
    const text = [
      "*filter",
      ":INPUT ACCEPT [0:0]",
      ":FORWARD ACCEPT [0:0]",
      ":OUTPUT ACCEPT [0:0]",
      ":own - [0:0]",
      "-A FORWARD -j own",
      "-A FORWARD -p esp",
      "-A own -p esp -m esp -j ACCEPT",
      "-A own -p esp",
      "COMMIT",
      "",
    ].join("\n");
    const [short] = await lab.agree(text, [through(50, 4)]);
    expect([short?.kernel.outcome, short?.kernel.reason]).toEqual(["dropped", "NETFILTER_DROP"]);
  });

  it.skipIf(!six)("ipv6header takes ESP for an extension header, which has two octets at least", async () => {
    const headers = ["--header esp", "! --header esp", "--header esp --soft", "! --header route --soft"];
    const rules = headers.map((words) => `-A FORWARD -m ipv6header ${words}`);
    const packets = [50, 59, 108].flatMap((proto) => [0, 1, 2, 8].map((length) => through(proto, length)));
    await lab.agree(table("filter", rules), packets);
  });

  it.skipIf(!six)("a mobility header is read up to its checksum: 6 octets", async () => {
    expect(await dropped(MOBILITY, `-p ${MOBILITY} -m mh`, [0, 4, 5])).toEqual([0, 4, 5]);
  });

  it("PIM is heard by the kernel, which answers nothing", async () => {
    const duel = await lab.load(table("filter", ["-A INPUT -p 103"]));
    const lengths = [0, 8, 20];
    for (const length of lengths) {
      const round = await duel.ask({ ...through(103, length), dst: six ? "fd00:a::1" : "10.0.0.1" });
      expect(round?.kernel.reason).toBe("NOT_SPECIFIED");
      expect([round?.kernel.responses, round?.branches.map(({ responses }) => responses)]).toEqual([[], [[]]]);
    }
  });

  it("connection tracking takes protocols that it does not know as they are, also where nothing follows", async () => {
    const text = table("filter", [
      "-A FORWARD -m conntrack --ctstate NEW",
      "-A FORWARD -m conntrack --ctstate INVALID",
    ]);
    const protocols = [4, 33, 41, 47, 50, 88, 89, 108, 112, 115, 253, ...(six ? [] : [51])];
    const packets = protocols.flatMap((proto) => [0, 1, 4, 8].map((length) => through(proto, length)));
    await lab.agree(text, packets, { conntrack: true });
  });
});
