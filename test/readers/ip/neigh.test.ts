import { expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { parseAddress } from "../../../src/net/address.ts";
import { readNeighbours } from "../../../src/readers/ip/neigh.ts";
import { fixture, withoutOrigin } from "../fixture.ts";

const read = (text: string) => readNeighbours(text, "f", originTable());

test("JSON says the same as text with statistics", () => {
  const text = read(fixture("ip/fixtures/neigh-statistics.txt"));
  expect(text.findings).toEqual([]);
  expect(text.neighbours.length).toBeGreaterThan(20);
  expect(withoutOrigin(text.neighbours)).toEqual(withoutOrigin(read(fixture("ip/fixtures/neigh.json.txt")).neighbours));
});

test("states, routers and proxies", () => {
  const text =
    "169.254.1.1 dev eth0 lladdr EE:ee:ee:ee:ee:ee STALE \nfe80::1 dev eth0 lladdr ee:ee:ee:ee:ee:ee router REACHABLE\n10.0.0.5 dev eth0  FAILED\n10.0.0.6 dev eth0 \n10.0.0.7 dev eth0  proxy\n10.0.0.8 dev eth0 lladdr 02:00:00:00:00:04 PROBE proto bird";
  expect(read(text)).toMatchObject({
    findings: [],
    neighbours: [
      { address: parseAddress("169.254.1.1"), mac: "ee:ee:ee:ee:ee:ee", state: "STALE", router: false },
      { state: "REACHABLE", router: true },
      { mac: null, state: "FAILED" },
      { state: "NONE" },
      { proxy: true },
      { state: "PROBE" },
    ],
  });
});

test.each(["hello", "10.0.0.5 lladdr 02:00:00:00:00:04 STALE", "10.0.0.5 dev", '[{"dst":"x"}]'])(
  "%s is reported",
  (line) => {
    expect(read(line)).toMatchObject({ neighbours: [], findings: [{ code: "unknown-line", line: 1 }] });
  },
);
