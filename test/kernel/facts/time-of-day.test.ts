import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWorld, runtimeOf } from "../../../src/emulator/world.ts";
import { FORWARD } from "../../../src/linux/netfilter/verdict.ts";
import { host } from "../../../src/model/host.ts";
import { network } from "../../../src/model/network.ts";
import { frame, matcher } from "../../linux/netfilter/matches/bench-host.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab } from "../harness/router-lab.ts";

const available = await kernelAvailable();
const RULES = 400;
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** Times of day on either side of now, so that about half of the rules match. */
function timeWords(now: Date): fc.Arbitrary<string> {
  const clock = fc
    .tuple(fc.nat(23), fc.nat(59))
    .map((parts) => parts.map((part) => String(part).padStart(2, "0")).join(":"));
  const date = fc
    .integer({ min: -3, max: 3 })
    .map((days) => new Date(now.getTime() + days * 86_400_000).toISOString().slice(0, 10));
  const maybe = (words: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof(fc.constant(""), words);
  const no = fc.constantFrom("", "", "! ");
  return fc
    .tuple(
      maybe(
        fc
          .tuple(clock, clock, fc.boolean())
          .map(
            ([from, to, contiguous]) =>
              `--timestart ${from} --timestop ${to}${contiguous && from > to ? " --contiguous" : ""}`,
          ),
      ),
      maybe(fc.tuple(no, fc.subarray(DAYS, { minLength: 1 })).map(([not, days]) => `${not}--weekdays ${days.join()}`)),
      maybe(
        fc
          .tuple(no, fc.uniqueArray(fc.integer({ min: 1, max: 31 }), { minLength: 1, maxLength: 20 }))
          .map(([not, days]) => `${not}--monthdays ${days.join()}`),
      ),
      maybe(date.map((day) => `--datestart ${day}T00:30:00`)),
      maybe(date.map((day) => `--datestop ${day}T23:30:00`)),
    )
    .map((words) => `-m time ${words.filter((word) => word !== "").join(" ")}`.trim());
}

describe.skipIf(!available)("-m time", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(async () => {
    await oracle.close();
  });

  test.each(["legacy", "nft"] as const)(
    "matches when the kernel does, given the time of collection (%s)",
    async (backend) => {
      await oracle.build(toBuildRequest(networkOf(routerLab({}))));
      const now = new Date();
      const rules = fc.sample(timeWords(now), { numRuns: RULES });
      const text = ["*mangle", ...rules.map((rule) => `-A PREROUTING ${rule}`), "COMMIT", ""].join("\n");
      await oracle.load({ host: "R", backend, text });
      // A minute that ends while this runs would be another one.
      const before = Math.floor(Date.now() / 60_000);
      await oracle.probe(
        { host: "R", interface: "in0", src: "10.0.0.2", dst: "10.0.1.2", proto: "udp", dport: 9 },
        true,
      );
      const after = Math.floor(Date.now() / 60_000);
      const saved = await oracle.exec("R", [`iptables-${backend}-save`, "-c", "-t", "mangle"]);
      const kernel = [...saved.stdout.matchAll(/^\[(\d+):\d+\] -A PREROUTING/gm)].map(([, packets]) => packets !== "0");
      const world = createWorld(
        network({ hosts: new Map([["n", host({ name: "n" })]]), collectedAt: before * 60 + 30 }),
        {
          choose: () => {
            throw new Error("nothing is unknown");
          },
        },
      );
      const runtime = runtimeOf(world, "n");
      if (runtime === null) throw new Error("no host");
      const matches = matcher(rules);
      const ours = rules.map((_, index) => matches({ world, runtime, asked: [], answer: 0 }, frame(), index, FORWARD));
      expect(kernel).toHaveLength(RULES);
      if (before === after)
        expect(rules.map((rule, at) => [rule, ours[at]])).toEqual(rules.map((rule, at) => [rule, kernel[at]]));
      expect(new Set(kernel).size).toBe(2);
    },
  );
});
