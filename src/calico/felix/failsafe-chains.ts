import { type FelixChain, type FelixRule, felixRule } from "./felix-rule.ts";
import type { FailsafePort, FelixSettings } from "./felix-settings.ts";

function failsafe(port: FailsafePort, side: "source" | "destination", ports: "source" | "destination"): FelixRule {
  const net = port.net === null ? "" : ` --${side} ${port.net}`;
  return felixRule(`-p ${port.protocol} -m multiport --${ports}-ports ${port.port}${net}`, "--jump ACCEPT");
}

function ofFamily(ports: readonly FailsafePort[], family: 4 | 6): readonly FailsafePort[] {
  return ports.filter(({ net }) => net === null || net.includes(":") === (family === 6));
}

/**
 * `cali-failsafe-in` and `cali-failsafe-out` (felix/rules/static.go, failsafeInChain and failsafeOutChain). In raw there is
 * no conntrack to let replies back, so each accepts the other's as well, by source port.
 */
export function failsafeChains(settings: FelixSettings, table: "raw" | "mangle" | "filter"): readonly FelixChain[] {
  const inbound = ofFamily(settings.failsafeInbound, settings.family);
  const outbound = ofFamily(settings.failsafeOutbound, settings.family);
  const replies = table === "raw";
  return [
    {
      name: "cali-failsafe-in",
      rules: [
        ...inbound.map((port) => failsafe(port, "source", "destination")),
        ...(replies ? outbound.map((port) => failsafe(port, "source", "source")) : []),
      ],
    },
    {
      name: "cali-failsafe-out",
      rules: [
        ...outbound.map((port) => failsafe(port, "destination", "destination")),
        ...(replies ? inbound.map((port) => failsafe(port, "destination", "source")) : []),
      ],
    },
  ];
}
