import { describe, expect, test } from "vitest";
import { bgpCluster } from "../../../bench/bgp-cluster.ts";
import { runFor, startDaemons } from "../../../src/bgp/reconverge.ts";
import { sendOctets } from "../../../src/emulator/tcp/send.ts";
import { changeHost } from "../../../src/emulator/world.ts";
import { runCommand } from "../../../src/readers/commands/run-command.ts";
import { everything } from "../../bgp/changes-of-hosts.ts";

/** What a segment of the model tells of the room that its sender has. */
const WINDOW = 64240;

const WRITES = Array.from({ length: 300 }, (_, index) => new Uint8Array(400 + index * 3).fill(index));
const LEFT_OUT = [7, 8, 250];
const LAST = new Uint8Array(5).fill(99);

/** One end of a session sends much at once, to a host that drops what its tracker finds invalid. */
function sent(remembersPaths: boolean) {
  const { network, configurations } = bgpCluster({ nodes: 2, reflectors: 0 });
  const run = startDaemons(network, configurations, { remembersPaths });
  runFor(run, 30);
  for (const [name, host] of network.hosts) {
    const context = { origins: network.origins, origin: 0, file: () => null };
    const changed = runCommand("iptables -I INPUT -m conntrack --ctstate INVALID -j DROP", host, context);
    if (!("host" in changed)) throw new Error("there is no such rule");
    changeHost(run.world, name, changed.host);
  }
  const [from, to] = [...run.speakers.values()].map(([speaker]) => speaker?.peers[0]?.session?.socket ?? null);
  if (from == null || to == null) throw new Error("there is no session");
  const heard: Uint8Array[] = [];
  const underWay: number[] = [];
  to.events = {
    connected: () => {},
    lost: () => {},
    received: (octets) => {
      heard.push(octets);
      underWay.push(from.next - from.acknowledged);
    },
  };
  sendOctets(run.world, from, WRITES, LEFT_OUT, LAST);
  runFor(run, 0.1);
  return { heard: heard.flatMap((octets) => [...octets]), most: Math.max(...underWay), everything: everything(run) };
}

describe("what is written at once", () => {
  const remembered = sent(true);

  test("arrives whole, and no more is under way than the other end has room for, or its tracker would not take", () => {
    const wanted = [...WRITES.filter((_, index) => !LEFT_OUT.includes(index)), LAST];
    expect(remembered.heard).toEqual(wanted.flatMap((octets) => [...octets]));
    expect(remembered.most).toBeLessThanOrEqual(WINDOW);
    expect(remembered.most).toBeGreaterThan(WINDOW - 2 * 1460);
  });

  test("does the same on a remembered way as where each segment is walked", () => {
    expect(remembered).toEqual(sent(false));
  });
});
