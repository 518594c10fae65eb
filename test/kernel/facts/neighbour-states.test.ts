import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { Lab } from "../harness/lab.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

/** B's own. */
const BEHIND = "02:00:00:02:00:02";
const NOBODY = "02:00:00:00:99:99";
const DELAY = 1;
const BETWEEN = 0.5;
const QUESTIONS = 3;

type Settings = Readonly<Record<string, string>>;

/** R knows B by an entry in a state; its neighbour times are short, so that they can be waited for. */
function lab(family: 4 | 6, known: string, settings: Settings = {}, b: Settings = {}): Lab {
  const six = family === 6;
  const [one, two] = six ? ["fd00:b::1", "fd00:b::2"] : ["10.0.1.1", "10.0.1.2"];
  const times = {
    delay_first_probe_time: String(DELAY),
    retrans_time_ms: String(BETWEEN * 1000),
    ucast_solicit: String(QUESTIONS),
    ...settings,
  };
  const length = six ? 64 : 24;
  const links = six ? { R: ["fe80::1/64"], B: ["fe80::b/64"] } : { R: [], B: [] };
  return {
    hosts: [
      {
        name: "R",
        interfaces: [{ name: "out0", addresses: [`${one}/${length}`, ...links.R] }],
        neighbours: [`${two} out0 ${known}`],
        sysctls: Object.fromEntries(
          Object.entries(times).map(([name, value]) => [`net.ipv${family}.neigh.out0.${name}`, value]),
        ),
      },
      {
        name: "B",
        interfaces: [{ name: "eth0", addresses: [`${two}/${length}`, ...links.B] }],
        sysctls: { ...b },
      },
    ],
    links: [["R:out0", "B:eth0"]],
  };
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000);
  });
}

describe.skipIf(!available).each([4, 6] as const)("states of neighbours, IPv%i", (family) => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const dst = family === 6 ? "fd00:b::2" : "10.0.1.2";
  // An echo reply that nobody asked for: it is delivered, and nobody answers it.
  const reply = family === 6 ? { proto: "icmpv6", icmpType: 129 } : { proto: "icmp", icmpType: 0 };
  const packet: ProbePacket = { host: "R", dst, ...reply, length: 8, fresh: false };

  /** One packet after each wait (seconds): what became of it, of the same by both sides. */
  async function outcomes(made: Lab, waits: readonly number[]): Promise<readonly string[]> {
    const duel = await Duel.of(oracle, made);
    duel.clockRuns = true;
    const found: string[] = [];
    for (const seconds of waits) {
      await wait(seconds);
      found.push((await duel.agree(packet)).kernel.outcome);
    }
    return found;
  }

  it("an entry that has become wrong is used until nobody answers at its MAC address, and asked for anew", async () => {
    const made = lab(family, `${NOBODY} STALE`);
    expect(await outcomes(made, [0, 0.2, 1.1, 1.6, 0])).toEqual([
      "dropped",
      "dropped",
      "dropped",
      "delivered",
      "delivered",
    ]);
  });

  it("nothing is asked before the first packet", async () => {
    expect(await outcomes(lab(family, `${NOBODY} STALE`), [3, 0])).toEqual(["dropped", "dropped"]);
  });

  it("a REACHABLE entry becomes stale, and is asked about only when it is used again", async () => {
    const made = lab(family, `${NOBODY} REACHABLE`, { base_reachable_time_ms: "400" });
    expect(await outcomes(made, [0, 3.6])).toEqual(["dropped", "delivered"]);
    expect(await outcomes(lab(family, `${NOBODY} REACHABLE`), [0, 3])).toEqual(["dropped", "dropped"]);
  });

  it("an answer makes it reachable again", async () => {
    const made = lab(family, `${BEHIND} STALE`, { base_reachable_time_ms: "400" });
    expect(await outcomes(made, [0, 1.6, 1.6])).toEqual(["delivered", "delivered", "delivered"]);
  });

  it("where nobody answers at all, it has failed for good", async () => {
    const quiet: Settings = family === 4 ? { "net.ipv4.conf.eth0.arp_ignore": "8" } : {};
    // IPv6 has no such switch.
    if (family === 4) {
      const made = lab(family, `${BEHIND} STALE`, {}, quiet);
      expect(await outcomes(made, [0, 1.4, 1.6, 0])).toEqual(["delivered", "delivered", "unresolved", "unresolved"]);
    }
  });
});
