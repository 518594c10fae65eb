import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { playFolder } from "./play-folder.ts";

const SCENARIOS = fileURLToPath(new URL("../../scenarios/", import.meta.url));

/** Folders of captures: they hold a scenario and the answers that a real kernel gave. */
const CAPTURES = readdirSync(SCENARIOS).flatMap((incident) =>
  readdirSync(join(SCENARIOS, incident), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(SCENARIOS, incident, entry.name, "snapshot")))
    .map((entry) => join(incident, entry.name)),
);

/** The incidents beside the article's own, which is `bgp-blocked` against `healthy`. */
const NINE = [
  "bgp-blocked-by-reject",
  "bgp-blocked-where-nothing-breaks",
  "forwarding-off-at-destination",
  "forwarding-off-at-source-cached",
  "forwarding-off-at-source-expired",
  "no-default-route",
  "two-subnets-without-encapsulation",
  "vxlan-blocked",
  "vxlan-blocked-after-calico-accept",
].map((name) => join("debian-firewall-blocks-bgp", name));

function agrees(capture: string): void {
  const { run, findings } = playFolder(join(SCENARIOS, capture));
  expect(findings.filter((finding) => finding.severity !== "info")).toEqual([]);
  expect(run.probes.length).toBeGreaterThan(0);
  const wrong = run.probes.filter((probe) => probe.verdict !== "held").map((probe) => probe.probe.name);
  expect(wrong).toEqual([]);
}

describe("the nine captures agree with what was measured", () => {
  it.each(NINE)("%s: every answer, and every line of the dumps is understood", agrees);
});

describe("so do the other committed captures", () => {
  const others = CAPTURES.filter((capture) => !NINE.includes(capture));

  it("of which there are at least the healthy cluster and the article's incident", () => {
    const names = others.map((capture) => capture.split("/").at(-1));
    expect(names).toEqual(expect.arrayContaining(["bgp-blocked", "healthy"]));
  });

  it.each(others)("%s: every answer, and every line of the dumps is understood", agrees);
});
