import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

/** ::ffff:0:0/96 on the wire: ipv6_addr_type() says IPV6_ADDR_MAPPED, and not that it is unicast. */
describe.skipIf(!available)("packets of IPv6 from and for IPv4-mapped addresses", () => {
  const mapped = "::ffff:10.0.0.7";
  const routes = ["-6 ::ffff:10.0.0.0/120 via fd00:a::2"];
  const listen = ["tcp/80", "udp/80"];
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const through: ProbePacket = {
    host: "R",
    interface: "in0",
    src: mapped,
    dst: "fd00:b::2",
    proto: "tcp",
    sport: 4000,
    dport: 80,
    flags: "S",
  };
  const own = { ...through, dst: "fd00:a::1" };
  const back = { ...through, interface: "out0", src: "fd00:b::2", dst: mapped };

  async function answers(rules: readonly string[], packets: readonly ProbePacket[]): Promise<readonly number[]> {
    const rulesets = [{ family: 6 as const, text: table("filter", rules) }];
    const lab = routerLab6({ router: { routes, rulesets, listen } });
    const duel = await Duel.of(oracle, lab, ["A", "B", "C"], true);
    const found: number[] = [];
    for (const packet of packets) found.push((await duel.agree(packet)).kernel.responses.length);
    return found;
  }

  it("are rejected without a reset", async () => {
    const rules = ["INPUT", "FORWARD"].map((chain) => `-A ${chain} -p tcp -j REJECT --reject-with tcp-reset`);
    expect(await answers(rules, [through, own, back])).toEqual([0, 0, 0]);
  });

  it("are rejected with an error of ICMPv6", async () => {
    const rules = ["INPUT", "FORWARD"].map((chain) => `-A ${chain} -j REJECT`);
    expect(await answers(rules, [through, own, back])).toEqual([1, 1, 1]);
  });

  it("are heard by servers, which do not answer", async () => {
    const udp: ProbePacket = { ...own, proto: "udp", length: 20 };
    expect(await answers([], [own, udp])).toEqual([0, 0]);
  });

  it("are answered by the host where nobody listens, and by the server to whom they do not belong", async () => {
    const closed = { ...own, dport: 81 };
    const udp: ProbePacket = { ...closed, proto: "udp", length: 20 };
    const echo: ProbePacket = { ...own, proto: "icmpv6", icmpType: 128, icmpId: 7 };
    const segments = ["A", "SA", "PA", "FA"].map((flags) => ({ ...own, flags, seq: 100, ack: 200 }));
    expect(await answers([], [closed, udp, echo, ...segments])).toEqual([1, 1, 1, 1, 1, 1, 1]);
  });

  it("are unicast to no rule", async () => {
    const types = ["src", "dst"].flatMap((side) =>
      ["UNICAST", "MULTICAST", "UNSPEC", "LOCAL"].map((type) => `-m addrtype --${side}-type ${type}`),
    );
    const rules = ["INPUT", "FORWARD"].flatMap((chain) => types.map((words) => `-A ${chain} ${words}`));
    expect(await answers(rules, [{ ...own, dport: 81 }, through, back])).toEqual([1, 0, 0]);
  });
});
