import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket, type Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { LabRuleset } from "../harness/lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab } from "../harness/router-lab.ts";

const available = await kernelAvailable();

/** Rules that tell pieces from whole packets, at every hook. */
const HOOKS = ["PREROUTING", "INPUT", "FORWARD", "POSTROUTING"];
const POLICIES = [...HOOKS, "OUTPUT"].map((hook) => `:${hook} ACCEPT [0:0]\n`).join("");
const TELL_PIECES = HOOKS.map(
  (hook) => `-A ${hook} -f\n-A ${hook} -p udp -m udp --dport 80\n-A ${hook} -p udp -m length --length 0:400\n`,
).join("");
const MANGLE: LabRuleset = { text: `*mangle\n${POLICIES}${TELL_PIECES}COMMIT\n` };
const TRACKED: LabRuleset = {
  text: `*mangle\n${POLICIES}${TELL_PIECES}-A PREROUTING -m conntrack --ctstate NEW\n-A INPUT -m conntrack --ctstate INVALID\nCOMMIT\n`,
};

describe.skipIf(!available)("fragments, as the kernel makes and joins them", () => {
  let oracle: Oracle;
  let ids = 30_000;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const udp: ProbePacket = {
    host: "R",
    interface: "in0",
    src: "10.0.0.2",
    dst: "10.0.1.2",
    proto: "udp",
    sport: 4000,
    dport: 80,
  };

  interface World {
    readonly router?: LabRuleset;
    readonly receiver?: LabRuleset;
    readonly outMtu?: number;
  }

  const duel = ({ router, receiver, outMtu = 600 }: World): Promise<Duel> =>
    Duel.of(
      oracle,
      routerLab({
        outMtu,
        router: { rulesets: router === undefined ? [] : [router] },
        hosts: { B: { rulesets: receiver === undefined ? [] : [receiver] } },
      }),
      ["B"],
    );

  /** Sends a datagram in pieces of so many bytes after the IP header, in the order given. */
  async function pieces(
    on: Duel,
    sizes: readonly number[],
    order: readonly number[] = sizes.map((_, index) => index),
    fields: ProbePacket | ((index: number) => ProbePacket) = {},
  ): Promise<readonly Round[]> {
    const ipid = ids++;
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const rounds: Round[] = [];
    for (const [at, index] of order.entries()) {
      const offset = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
      const size = sizes[index] ?? 0;
      const packet: ProbePacket = {
        ...udp,
        ipid,
        fresh: at === 0,
        mf: index < sizes.length - 1,
        fragOffset: offset,
        length: offset === 0 ? size - 8 : size,
        ...(offset === 0 ? { wholeLength: total - 8 } : {}),
        ...(typeof fields === "function" ? fields(index) : fields),
      };
      rounds.push(await on.agree(packet));
    }
    return rounds;
  }

  it.each([
    ["without conntrack", { router: MANGLE, receiver: MANGLE }],
    ["with conntrack on the router", { router: TRACKED, receiver: MANGLE }],
    ["with conntrack on both", { router: TRACKED, receiver: TRACKED }],
  ])("are made of a packet longer than the MTU, after POSTROUTING, %s", async (_, world) => {
    const on = await duel(world);
    for (const length of [571, 572, 573, 1148, 1149, 1300, 1472]) {
      const { kernel } = await on.agree({ ...udp, length });
      expect(kernel.outcome).toBe("delivered");
      const count = kernel.hops.filter(({ host }) => host === "B").length;
      // The last one need not be a multiple of eight bytes long.
      expect(count).toBe(length + 8 <= 580 ? 1 : length + 8 <= 576 + 580 ? 2 : 3);
    }
  });

  it("are refused where DF forbids them", async () => {
    const on = await duel({});
    const { kernel } = await on.agree({ ...udp, length: 573, df: true });
    expect(kernel).toMatchObject({ outcome: "rejected", reason: "PKT_TOO_BIG" });
    expect(kernel.responses[0]?.packet).toMatchObject({ icmpType: 3, icmpCode: 4, mtu: 600 });
  });

  it("pass one by one without conntrack: only the first has ports", async () => {
    const on = await duel({ router: MANGLE, receiver: MANGLE, outMtu: 1500 });
    const [first, second, last] = await pieces(on, [208, 208, 100]);
    expect(first?.kernel.delivered).toBeNull();
    expect(second?.kernel.delivered).toBeNull();
    expect(last?.kernel.outcome).toBe("delivered");
    expect(last?.kernel.delivered?.packet.length).toBe(508);
  });

  it("are gathered before any rule with conntrack, and leave as they came", async () => {
    const on = await duel({ router: TRACKED, receiver: MANGLE, outMtu: 1500 });
    const rounds = await pieces(on, [208, 408, 100]);
    expect(rounds.map(({ kernel }) => kernel.hops.filter(({ host }) => host === "B").length)).toEqual([0, 0, 3]);
    expect(rounds.at(-1)?.kernel.outcome).toBe("delivered");
  });

  it("may come in any order", async () => {
    for (const router of [MANGLE, TRACKED]) {
      const on = await duel({ router, receiver: MANGLE, outMtu: 1500 });
      for (const order of [
        [2, 1, 0],
        [1, 0, 2],
        [0, 2, 1],
        [2, 0, 1],
      ]) {
        const rounds = await pieces(on, [208, 408, 100], order);
        expect(rounds.at(-1)?.kernel.outcome).toBe("delivered");
      }
    }
  });

  it("are cut smaller for a smaller MTU, or made anew when one does not fit", async () => {
    for (const router of [MANGLE, TRACKED]) {
      const on = await duel({ router, receiver: MANGLE, outMtu: 600 });
      for (const sizes of [
        [208, 408, 100],
        [808, 408, 100],
        [408, 1000, 64],
        [1400, 8],
        [576, 576],
        [584, 584],
      ]) {
        const rounds = await pieces(on, sizes);
        expect(rounds.at(-1)?.kernel.outcome).toBe("delivered");
      }
    }
  });

  it("with DF are refused one by one, or as a whole if the longest had it", async () => {
    for (const router of [MANGLE, TRACKED]) {
      for (const outMtu of [600, 1500]) {
        const on = await duel({ router, receiver: MANGLE, outMtu });
        for (const sizes of [
          [208, 408, 100],
          [808, 408, 100],
          [408, 1000, 64],
        ]) {
          await pieces(on, sizes, [0, 1, 2], { df: true });
          await pieces(on, sizes, [0, 1, 2], (index) => ({ df: index === 0 }));
          await pieces(on, sizes, [0, 1, 2], (index) => ({ df: index === 1 }));
          await pieces(on, sizes, [2, 1, 0], (index) => ({ df: index === 2 }));
        }
      }
    }
  });

  it("that come twice are dropped, those that overlap void the datagram", async () => {
    for (const router of [MANGLE, TRACKED]) {
      const on = await duel({ router, receiver: MANGLE, outMtu: 1500 });
      const base = { ...udp, fresh: false };
      const send = async (list: readonly ProbePacket[]): Promise<readonly (string | null)[]> => {
        const ipid = ids++;
        const seen: (string | null)[] = [];
        const end = Math.max(
          ...list.map(({ mf, fragOffset = 0, length = 0 }) => (mf === true ? 0 : fragOffset + length)),
        );
        for (const [at, given] of list.entries()) {
          const packet = given.fragOffset === undefined ? { ...given, wholeLength: end - 8 } : given;
          const { kernel } = await on.agree({ ...base, ipid, fresh: at === 0, ...packet });
          seen.push(kernel.delivered === null ? kernel.reason : "delivered");
        }
        return seen;
      };
      const first: ProbePacket = { length: 88, mf: true };
      expect(await send([first, first, { fragOffset: 104, length: 96 }])).toEqual([null, "DUP_FRAG", null]);
      await send([
        { ...first, length: 92 },
        { fragOffset: 96, length: 96 },
      ]);
      await send([first, { fragOffset: 96, length: 100 }, { fragOffset: 96, length: 100 }]);
      await send([
        first,
        { fragOffset: 200, length: 100 },
        { fragOffset: 200, length: 100 },
        { fragOffset: 96, length: 104, mf: true },
      ]);
      await send([first, { fragOffset: 88, length: 100 }, { fragOffset: 96, length: 100 }]);
      await send([{ fragOffset: 96, length: 100 }, { fragOffset: 200, length: 16, mf: true }, first]);
      await send([{ fragOffset: 96, length: 100 }, { fragOffset: 96, length: 108 }, first]);
      await send([{ fragOffset: 104, length: 100 }, { fragOffset: 40, length: 80, mf: true }, first]);
    }
  });

  it("keep the first fragment's TTL, and disagree about ECN at their peril", async () => {
    for (const router of [MANGLE, TRACKED]) {
      const on = await duel({ router, receiver: MANGLE, outMtu: 1500 });
      await pieces(on, [208, 208, 100], [0, 1, 2], (index) => ({ ttl: 60 + index }));
      await pieces(on, [208, 208, 100], [2, 1, 0], (index) => ({ ttl: 60 + index, tos: index * 8 }));
      for (const codes of [
        [1, 1, 1],
        [2, 3, 2],
        [3, 3, 3],
        [0, 1, 0],
        [0, 3, 0],
        [1, 2, 1],
      ]) {
        await pieces(on, [208, 208, 100], [0, 1, 2], (index) => ({ tos: codes[index] ?? 0 }));
      }
    }
  });

  it("are answered by an error only if they are the first", async () => {
    const on = await duel({ outMtu: 600 });
    for (const index of [0, 1, 2]) {
      const [round] = await pieces(on, [208, 208, 100], [index], { ttl: 1 });
      expect(round?.kernel.responses.length).toBe(index === 0 ? 1 : 0);
    }
  });
});
