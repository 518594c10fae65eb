import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

/** Which sockets a packet finds: by address, family and the device it came in by (compute_score() in inet_hashtables.c and udp.c). */
describe.skipIf(!available).each([4, 6] as const)("listening sockets, IPv%i", (family) => {
  const six = family === 6;
  const net = six ? "fd00:" : "10.0.";
  const at = (subnet: number, host: number): string =>
    six ? `fd00:${"abc"[subnet]}::${host}` : `${net}${subnet}.${host}`;
  const literal = (address: string): string => (six ? `[${address}]` : address);
  const wildcard = six ? "[::]" : "0.0.0.0";
  const otherWildcard = six ? "0.0.0.0" : "[::]";
  const oracle = new Oracle();
  afterAll(() => oracle.close());
  let duel: Duel;
  beforeAll(async () => {
    const listen = ["tcp", "udp"].flatMap((protocol) => [
      `${protocol}/${wildcard}:80`,
      `${protocol}/${otherWildcard}:81`,
      `${protocol}/${literal(at(0, 1))}:82`,
      `${protocol}/${wildcard}:83%in0`,
      `${protocol}/${literal(at(1, 1))}:84%in0`,
      `${protocol}/85`,
      `${protocol}/${wildcard}:86%lo`,
    ]);
    const lab = six ? routerLab6({ router: { listen } }) : routerLab({ router: { listen } });
    duel = await Duel.of(oracle, lab, ["A", "B", "C"]);
  });

  const PORTS = [80, 81, 82, 83, 84, 85, 86, 87];
  /** The ports that are open, and that both sides take to be: of what programs send back, podpath's stand-ins know nothing. */
  async function open(packet: Omit<ProbePacket, "host">, proto: string): Promise<readonly number[]> {
    const found: number[] = [];
    for (const dport of PORTS) {
      const flags = proto === "tcp" ? { flags: "S" } : {};
      // From another port each time: a half-open connection is remembered for a second.
      const round = await duel.ask({ host: "R", proto, sport: 4000 + sent++, dport, length: 0, ...flags, ...packet });
      if (round === null) throw new Error("nothing was asked");
      const { kernel, answer, branches } = round;
      expect([kernel.outcome, answer.certainty]).toEqual(["delivered", "certain"]);
      // What a listener sends back to a port that nobody listens on is refused in turn.
      const closed = !kernel.responses.some(({ kind }) => kind === (proto === "tcp" ? "syn-ack" : "data"));
      const ours = answer.branches.map(({ run }) => run.journeys[run.first]?.end?.ending.socket);
      expect(ours, `${proto} ${dport} ${JSON.stringify(packet)}`).toEqual(
        branches.map(() => (closed ? "closed" : "open")),
      );
      if (!closed) found.push(dport);
    }
    return found;
  }
  let sent = 0;

  it.each(["tcp", "udp"])("%s: from one device, to the address of it and of another", async (proto) => {
    const from = { interface: "in0", src: at(0, 2) };
    expect(await open({ ...from, dst: at(0, 1) }, proto)).toEqual([80, 82, 83, 85]);
    expect(await open({ ...from, dst: at(1, 1) }, proto)).toEqual([80, 83, 84, 85]);
    const other = { interface: "out0", src: at(1, 2) };
    expect(await open({ ...other, dst: at(0, 1) }, proto)).toEqual([80, 82, 85]);
    expect(await open({ ...other, dst: at(1, 1) }, proto)).toEqual([80, 85]);
  });

  it.each(["tcp", "udp"])("%s: from the host itself", async (proto) => {
    const found = [
      await open({ dst: at(0, 1) }, proto),
      await open({ dst: at(1, 1) }, proto),
      await open({ dst: at(0, 1), bindInterface: "in0" }, proto),
      await open({ dst: six ? "::1" : "127.0.0.1" }, proto),
    ];
    // It comes in by lo, and counts as come by the device that has the address.
    expect(found).toEqual([
      [80, 82, 83, 85],
      [80, 85],
      [80, 82, 83, 85],
      [80, 85, 86],
    ]);
  });
});
