import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { connect } from "../../../src/emulator/applications/connect.ts";
import { meantBy } from "../../../src/emulator/applications/program.ts";
import { request } from "../../../src/emulator/applications/request.ts";
import { originate } from "../../../src/emulator/originate.ts";
import { createWorld, runtimeOf, settle } from "../../../src/emulator/world.ts";
import { formatAddress, unspecified } from "../../../src/net/address.ts";
import { packet } from "../../../src/net/packet.ts";
import { TCP, UDP } from "../../../src/net/protocol.ts";
import { SYN } from "../../../src/net/tcp-flags.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { address, type Lab, networkOf } from "../harness/lab.ts";

const available = await kernelAvailable();
const SCRIPT = fileURLToPath(new URL("../harness/sent-to-nobody.py", import.meta.url));

/** By family, program and source: what the receiver sees. */
const seen = z.record(z.string(), z.record(z.string(), z.record(z.string(), z.tuple([z.string(), z.string()]))));

/** What the script builds. */
const LAB: Lab = {
  hosts: [
    {
      name: "A",
      interfaces: [{ name: "near", addresses: ["10.0.0.1/24", "fd00::1/64"] }],
      listen: ["tcp/8080", "udp/8080"],
    },
    { name: "B", interfaces: [{ name: "far", addresses: ["10.0.0.2/24"] }] },
  ],
  links: [["A:near", "B:far"]],
};

type Program = "udp" | "tcp";

function programOf(name: string): Program {
  if (name !== "udp" && name !== "tcp") throw new Error(`no program ${name}`);
  return name;
}

const NOBODY = { 4: unspecified(4), 6: unspecified(6) };

/** What a program of A that podpath traces sends, and that it is answered. */
function traced(family: 4 | 6, program: Program, bound: string): readonly string[] {
  const world = createWorld(networkOf(LAB), { choose: () => 0 });
  const runtime = runtimeOf(world, "A");
  if (runtime === null) throw new Error("no A");
  const source = bound === "" ? null : address(bound);
  const destination = meantBy(NOBODY[family], source);
  const run = program === "tcp" ? connect : request;
  const report = run(world, runtime, { source, destination, port: 8080, sport: null, size: 1, df: false });
  expect(report.result).toBe("answered");
  const sent = world.journeys[0]?.packet;
  return sent === undefined ? [] : [formatAddress(sent.src), formatAddress(sent.dst)];
}

/** What a packet arrives as that a program of A sends, as `podpath probe` asks. */
function probed(family: 4 | 6, program: Program, source: string): readonly string[] {
  const world = createWorld(networkOf(LAB), { choose: () => 0, answers: false });
  const runtime = runtimeOf(world, "A");
  if (runtime === null) throw new Error("no A");
  const ends = { dst: NOBODY[family], sport: 40_000, dport: 8080 };
  const segment = program === "tcp" ? { protocol: TCP, flags: SYN } : { protocol: UDP };
  const src = source === "" ? NOBODY[family] : address(source);
  const how = source === "" ? { selectSource: true } : { binds: true };
  const journey = originate(world, runtime, packet({ src, ...ends, ...segment }), {
    kind: "request",
    cause: null,
    ...how,
  });
  settle(world);
  expect(journey.end?.ending.outcome).toBe("delivered");
  const { packet: arrived } = journey;
  return [formatAddress(arrived.src), formatAddress(arrived.dst)];
}

describe.skipIf(!available)("what programs send to 0.0.0.0 and ::", () => {
  it("comes to their own host, at the address that they are bound to or, in IPv6 always, at that of lo", () => {
    const { stdout, stderr } = spawnSync("unshare", ["--net", "python3", SCRIPT], { encoding: "utf8" });
    expect(stderr).toBe("");
    const kernel = seen.parse(JSON.parse(stdout));
    let compared = 0;
    for (const family of [4, 6] as const) {
      for (const [name, bySource] of Object.entries(kernel[family] ?? {})) {
        for (const [source, ends] of Object.entries(bySource)) {
          const program = programOf(name);
          expect([source, ...traced(family, program, source)]).toEqual([source, ...ends]);
          expect([source, ...probed(family, program, source)]).toEqual([source, ...ends]);
          compared++;
        }
      }
    }
    expect(compared).toBe(12);
  });
});
