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

  const datagram: ProbePacket = { ...own, proto: "udp", length: 20 };

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

  /** What a program on R answers that listens there, of the datagram to in0's address. */
  async function answered(socket: string, insists: boolean) {
    const { hosts, ...lab } = routerLab6({ router: { routes, listen: [socket] } });
    const own4: Readonly<Record<string, string>> = { R: "10.0.0.1/24", A: "10.0.0.7/24" };
    const dual = hosts.map((host) => ({
      ...host,
      interfaces: host.interfaces.map((item, index) => {
        const address = index === 0 ? own4[host.name] : undefined;
        return address === undefined ? item : { ...item, addresses: [...(item.addresses ?? []), address] };
      }),
    }));
    const duel = await Duel.of(oracle, { ...lab, hosts: dual, insists }, ["A", "B", "C"], true);
    // What a program tells the kernel is not known to podpath, which assumes that it tells nothing.
    const { responses } = insists ? await oracle.probe(datagram, true, true) : (await duel.agree(datagram)).kernel;
    return responses.map(({ packet: { src, dst } }) => [src, dst]);
  }

  it("are heard by servers of TCP, which do not answer", async () => {
    expect(await answers([], [own])).toEqual([0]);
  });

  it("are answered over IPv4 by a program of UDP that serves IPv4 too", async () => {
    expect(await answered("udp/80", false)).toEqual([["10.0.0.1", "10.0.0.7"]]);
  });

  it("are not answered by one that tells the address of IPv6 to answer from", async () => {
    expect(await answered("udp/80", true)).toEqual([]);
  });

  it.each(["udp/[::]:80", "udp/[fd00:a::1]:80"])("are not answered by a program on %s", async (socket) => {
    expect(await answered(socket, false)).toEqual([]);
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
