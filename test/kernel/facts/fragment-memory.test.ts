import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket, type Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

/** Bytes of the three pieces, behind their headers. Each of the short ones takes 832 bytes of memory, of the long ones 2304; their queue some 200. */
const SHORT = [72, 72, 64] as const;
const LONG = [1000, 1000, 64] as const;

/** What is set, how many of the pieces are taken, and whether podpath knows without a branch. */
const ROOMS = [
  { pieces: SHORT, room: 0, taken: 0, certain: true },
  { pieces: SHORT, room: 1, taken: 1, certain: true },
  { pieces: SHORT, room: 900, taken: 1, certain: true },
  { pieces: SHORT, room: 1000, taken: 1, certain: false },
  { pieces: SHORT, room: 1050, taken: 2, certain: false },
  { pieces: SHORT, room: 1100, taken: 2, certain: true },
  { pieces: SHORT, room: 1690, taken: 2, certain: true },
  { pieces: SHORT, room: 1800, taken: 2, certain: false },
  { pieces: SHORT, room: 1880, taken: 3, certain: false },
  { pieces: SHORT, room: 1910, taken: 3, certain: true },
  { pieces: LONG, room: 1700, taken: 1, certain: true },
  { pieces: LONG, room: 2000, taken: 1, certain: false },
  { pieces: LONG, room: 2510, taken: 2, certain: false },
  { pieces: LONG, room: 2600, taken: 2, certain: true },
  { pieces: LONG, room: 3300, taken: 2, certain: true },
  { pieces: LONG, room: 4000, taken: 2, certain: false },
  { pieces: LONG, room: 4820, taken: 3, certain: false },
  { pieces: LONG, room: 4850, taken: 3, certain: true },
  { pieces: SHORT, room: 100_000, taken: 3, certain: true },
] as const;

/** Who gathers: the receiver, connection tracking on the way, or connection tracking at the receiver. */
const GATHERERS = ["the receiver", "conntrack on the way", "conntrack of the receiver"] as const;

/** inet_frag_find(), ip_defrag(), ipv6_frag_rcv(), nf_ct_frag6_gather() */
describe.skipIf(!available).each([4, 6] as const)("fragments of IPv%i, and the memory for them", (family) => {
  const six = family === 6;
  const [src, dst, own] = six ? ["fd00:a::2", "fd00:b::2", "fd00:a::1"] : ["10.0.0.2", "10.0.1.2", "10.0.0.1"];
  const udp: ProbePacket = { host: "R", interface: "in0", src, dst, proto: "udp", sport: 4000, dport: 80 };
  const tracking = table("mangle", ["-A PREROUTING -m conntrack --ctstate NEW"]);
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const LOCAL = six ? "net.ipv6.ip6frag_high_thresh" : "net.ipv4.ipfrag_high_thresh";
  const TRACKED = six ? "net.netfilter.nf_conntrack_frag6_high_thresh" : LOCAL;

  /** The kernel wants `low_thresh`, which says nothing any more, not to be the greater. */
  const roomOf = (key: string, room: number): Readonly<Record<string, string>> => ({
    [key.replace("high", "low")]: "0",
    [key]: String(room),
  });
  const duelOf = (sysctls: Readonly<Record<string, string>>, tracks: boolean): Promise<Duel> => {
    const options = { router: { sysctls, rulesets: tracks ? [{ family, text: tracking }] : [] } };
    return Duel.of(oracle, six ? routerLab6(options) : routerLab(options), ["A", "B", "C"]);
  };

  /** The first `count` pieces of a datagram. */
  async function pieces(
    on: Duel,
    ipid: number,
    packet: ProbePacket,
    sizes: readonly number[],
    count: number,
    fresh: boolean,
  ): Promise<readonly Round[]> {
    const rounds: Round[] = [];
    const total = sizes.reduce((sum, size) => sum + size, 0);
    let offset = 0;
    for (const [at, size] of sizes.slice(0, count).entries()) {
      const first = { length: size - 8, wholeLength: total - 8 };
      rounds.push(
        await on.agree({
          ...packet,
          ipid,
          fresh: fresh && at === 0,
          mf: at < sizes.length - 1,
          fragOffset: offset,
          ...(at === 0 ? first : { length: size }),
        }),
      );
      offset += size;
    }
    return rounds;
  }

  it.each(GATHERERS.flatMap((gatherer) => ROOMS.map((room) => ({ gatherer, ...room }))))(
    "$taken of three are taken by $gatherer where $room bytes may be in use",
    async ({ gatherer, pieces: sizes, room, taken, certain }) => {
      const tracks = gatherer !== "the receiver";
      const on = await duelOf(roomOf(tracks ? TRACKED : LOCAL, room), tracks);
      const packet = gatherer === "conntrack on the way" ? udp : { ...udp, dst: own };
      const rounds = await pieces(on, 1, packet, sizes, 3, true);
      // What waits has neither come nor been dropped.
      const outcomes = rounds.map(({ kernel }) => `${kernel.outcome} ${kernel.reason}`);
      expect(
        rounds.every(({ answer }) => answer.branches.length === 1),
        outcomes.join(),
      ).toBe(certain);
      const dropped = outcomes.filter(
        (one) => one === (six && tracks ? "dropped NETFILTER_DROP" : "dropped NOT_SPECIFIED"),
      );
      expect(3 - dropped.length, outcomes.join()).toBe(taken);
    },
  );

  it("those of other datagrams take it too, until they are whole", async () => {
    const on = await duelOf(roomOf(LOCAL, 1910), false);
    const packet = { ...udp, dst: own };
    await pieces(on, 1, packet, SHORT, 3, true);
    await pieces(on, 2, packet, SHORT, 2, false);
    await pieces(on, 3, packet, SHORT, 1, false);
    await pieces(on, 3, packet, SHORT, 3, false);
  });

  it("what the receiver has not room for conntrack joins, in IPv6", async () => {
    const on = await duelOf(roomOf(LOCAL, 0), true);
    const rounds = await pieces(on, 1, { ...udp, dst: own }, SHORT, 3, true);
    expect(rounds.at(-1)?.kernel.reason).toBe(six ? "NO_SOCKET" : "NOT_SPECIFIED");
  });
});
