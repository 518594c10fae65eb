import { expect, test } from "vitest";
import { compared, RECONFIGURED, reconfigured } from "./reconfigured.ts";

const steps = compared(reconfigured(RECONFIGURED));

test("a session whose definition did not change outlives another configuration, and its routes follow the filters", () => {
  const told = steps.slice(1, 7).map(([a, b]) => [a?.isOld, b?.isOld, b?.routes.filter((one) => one.endsWith("Mesh"))]);
  const both = ["192.168.1.0/26 Mesh", "192.168.1.64/26 Mesh"];
  expect(told).toEqual([
    [true, true, both],
    [true, true, ["192.168.1.0/26 Mesh"]],
    [true, true, []],
    [true, true, ["192.168.1.128/26 Mesh", "192.168.1.64/26 Mesh"]],
    [true, true, both],
    [true, true, both],
  ]);
  expect(steps[5]?.[0]?.routes).not.toContain("192.168.2.0/26 Mesh");
  expect(steps[6]?.[0]?.routes).toContain("192.168.2.0/26 Mesh");
});

test("a session with another definition starts anew, and one that is gone is refused", () => {
  expect(steps[7]?.map(({ states, isOld }) => [states, isOld])).toEqual([
    [["Mesh up"], false],
    [["Mesh up"], false],
  ]);
  expect(steps[8]?.map(({ states, error }) => [states, error])).toEqual([
    [[], ""],
    [["Mesh start"], "Socket: Connection refused"],
  ]);
  expect(steps[9]?.map(({ states }) => states)).toEqual([["Mesh up"], ["Mesh up"]]);
});
