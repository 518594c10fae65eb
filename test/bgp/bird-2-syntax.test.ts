import { expect, test } from "vitest";
import { speakerOf } from "../../src/bgp/speaker/from-bird.ts";
import { originTable } from "../../src/model/origin.ts";
import type { Family } from "../../src/net/address.ts";
import { readBirdConfiguration } from "../../src/readers/bird/configuration.ts";
import { labOf } from "../kernel/bird/labs/all-labs.ts";
import { bird2Text } from "../kernel/bird/labs/second/in-bird-2.ts";

/** What differs between the two by design: a metric of routes in the kernel, times with milliseconds, and what depends on the release. */
const OF_RELEASE: ReadonlySet<string> = new Set([
  "release",
  "listed",
  "metric",
  "baseTimes",
  "protocolTimes",
  "routeTimes",
]);

/** What a configuration says, without where it says it; and what is not followed of it. */
function saysOf(text: string, family: Family): unknown {
  const { configuration, findings } = readBirdConfiguration(text, "bird.cfg", originTable());
  expect(findings).toEqual([]);
  const { speaker, faults } = speakerOf(configuration, family, null);
  const bare: unknown = JSON.parse(
    JSON.stringify(speaker, (key, value: unknown) => {
      if (key === "origin" || key === "column" || OF_RELEASE.has(key)) return undefined;
      return value instanceof Map ? [...value] : value;
    }),
  );
  return { protocols: bare, faults: faults.map(({ kind, text: words }) => `${kind} ${words}`) };
}

test("a daemon is the same from a configuration in the syntax of BIRD 1.6 and in that of BIRD 2", () => {
  let compared = 0;
  for (let seed = 0; seed < 120; seed++) {
    const { stages, family } = labOf(seed);
    for (const event of stages.flatMap(({ events }) => events)) {
      if (event.kind !== "start") continue;
      // what BIRD 2 says in other ways
      if (/advertise ipv4|listen bgp/.test(event.config)) continue;
      expect(saysOf(bird2Text(event.config, family), family), event.config).toEqual(saysOf(event.config, family));
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(300);
});

/** As `bird -p` of 2.0.12 has it; the direct protocol made no route without a channel, and one with it. */
test("without a channel BIRD 2 refuses static and kernel, and direct has no routes", () => {
  const daemon = (protocol: string): ReturnType<typeof speakerOf> => {
    const text = `router id 1.1.1.1;\nprotocol device {}\nprotocol kernel k { ipv4; }\n${protocol}\n`;
    return speakerOf(readBirdConfiguration(text, "bird.conf", originTable()).configuration, 4, null);
  };
  for (const protocol of ["kernel x { learn; }", "static x { route 10.0.0.0/8 blackhole; }"]) {
    const { speaker, faults } = daemon(`protocol ${protocol}`);
    expect(speaker).toBeNull();
    expect(faults).toMatchObject([{ kind: "refused", text: "Channel not specified", column: 1 }]);
  }
  const importOf = (options: string): unknown =>
    daemon(`protocol direct x { ${options} }`).speaker?.protocols.find(({ name }) => name === "x")?.import;
  expect(importOf('interface "eth0";')).toEqual({ kind: "none" });
  expect(importOf('ipv4; interface "eth0";')).toEqual({ kind: "all" });
  const { speaker, faults } = daemon("protocol bgp x { local as 1; neighbor 1.2.3.4 as 2; }");
  expect(faults).toEqual([]);
  expect(speaker?.protocols.find(({ name }) => name === "x")).toMatchObject({ import: { kind: "none" } });
});

/** The texts are those of `bird -p` of 2.0.12. */
test("BIRD 2 refuses numbers of more than 32 bits and filters that are not there", () => {
  const refusals = (session: string, before = ""): readonly string[] => {
    const text = `router id 1.1.1.1;\n${before}\nprotocol bgp x { ${session} ipv4 { import filter f; export all; }; }\n`;
    const { configuration } = readBirdConfiguration(text, "bird.conf", originTable());
    return speakerOf(configuration, 4, null).faults.flatMap(({ kind, text: words }) =>
      kind === "refused" ? [words] : [],
    );
  };
  const there = "filter f { accept; }";
  expect(refusals("local as 1; neighbor 1.2.3.4 as 4294967295;", there)).toEqual([]);
  for (const session of [
    "local as 4294967296; neighbor 1.2.3.4 as 2;",
    "local as 1; neighbor 1.2.3.4 as 4294967296;",
    "local as 1; neighbor 1.2.3.4 as 2; hold time 4294967299;",
  ]) {
    expect(refusals(session, there), session).toEqual(["Number out of range"]);
  }
  expect(refusals("local as 1; neighbor 1.2.3.4 as 2;")).toEqual(["syntax error, unexpected CF_SYM_UNDEFINED: f"]);
  // it may stand in what is not there to be read
  expect(refusals("local as 1; neighbor 1.2.3.4 as 2;", 'include "more.conf";')).toEqual([]);
});
