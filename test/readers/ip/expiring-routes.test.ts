import { describe, expect, it } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { printRoute } from "../../../src/readers/ip/print-route.ts";
import { readRoutes } from "../../../src/readers/ip/route.ts";

describe("a route of a router advertisement", () => {
  const line = "default via fe80::1 dev eth0 proto ra metric 100 expires 1799sec pref medium";
  const json = JSON.stringify([
    {
      dst: "default",
      gateway: "fe80::1",
      dev: "eth0",
      protocol: "ra",
      metric: 100,
      flags: [],
      expires: 1799,
      pref: "medium",
    },
  ]);

  it.each([line, json])("ends when its time is over: %s", (text) => {
    const { routes, findings } = readRoutes(text, "ip-route-v6.txt", originTable(), { family: 6 });
    expect(findings).toEqual([]);
    expect(routes.map(({ expires }) => expires)).toEqual([1799]);
    expect(routes.map(printRoute)).toEqual([line]);
  });

  it("stays without one", () => {
    const text = "fd00::/64 dev eth0 proto kernel metric 256 pref medium";
    const { routes } = readRoutes(text, "ip-route-v6.txt", originTable(), { family: 6 });
    expect(routes.map(({ expires }) => expires)).toEqual([undefined]);
  });
});
