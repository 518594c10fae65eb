import { execFileSync, spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { refusedRoute } from "../../../src/readers/ip/refused-route.ts";
import { readRoutes } from "../../../src/readers/ip/route.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";

const available = await kernelAvailable();
const NAMESPACE = `podpath-routes-${process.pid}`;

describe.skipIf(!available)("routes that the kernel refuses whatever the host has", () => {
  beforeAll(() => {
    execFileSync("ip", ["netns", "add", NAMESPACE]);
    execFileSync("ip", ["-n", NAMESPACE, "link", "set", "lo", "up"]);
  });
  afterAll(() => {
    execFileSync("ip", ["netns", "del", NAMESPACE]);
  });

  it.each([
    [4, "blackhole 10.0.0.0/8 via 1.2.3.4"],
    [4, "unreachable 10.1.0.0/16 dev lo"],
    [4, "prohibit 10.2.0.0/16"],
    [4, "local 10.4.0.1 via 10.0.0.1 dev lo"],
    [4, "local 10.4.0.2 dev lo"],
    [4, "broadcast 10.5.0.0/16 dev lo"],
    [4, "10.11.0.1/16 dev lo"],
    [4, "10.12.0.0/16"],
    [4, "10.13.0.0/16 dev lo"],
    [6, "blackhole fd00:1::/64 dev lo"],
    [6, "unreachable fd00:2::/64"],
    [6, "fd00:5::1/64 dev lo"],
    [6, "fd00:7::/64"],
  ] as const)("in IPv%i: %s", (family, words) => {
    const [route] = readRoutes(words, "", originTable(), { family, typed: true }).routes;
    if (route === undefined) throw new Error("not read");
    const typed = words.split(" ").find((word) => /\d/.test(word)) ?? "";
    const { stderr } = spawnSync("ip", ["-n", NAMESPACE, `-${family}`, "route", "add", ...words.split(" ")], {
      encoding: "utf8",
    });
    expect(refusedRoute(route, typed) ?? "").toBe(stderr.trim());
  });
});
