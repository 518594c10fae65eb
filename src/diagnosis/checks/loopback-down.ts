import type { Check } from "./check.ts";

/** A machine whose `lo` is down: nothing that it sends to itself arrives. */
export const loopbackDown: Check = ({ network }) =>
  [...network.hosts.values()].flatMap(({ name, interfaces }) => {
    const lo = interfaces.get("lo");
    if (lo === undefined || lo.up || lo.origin === 0) return [];
    return [{ severity: "error" as const, message: `lo of ${name} is down`, at: lo.origin, beside: 0 }];
  });
