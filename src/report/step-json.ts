import { reasonOnHost } from "../linux/drop-reason-by-kernel.ts";
import type { FreeDomains } from "../linux/free-value.ts";
import type { Network } from "../model/network.ts";
import { type Source, sourceOf } from "../model/origin.ts";
import { formatAddress } from "../net/address.ts";
import type { RulePlace, TraceStep } from "../trace/step.ts";
import { packetJson } from "./packet-json.ts";
import { routeText } from "./route-text.ts";
import { ruleSource, ruleText } from "./rule-text.ts";

/** A step as INTERFACES section 4 writes it: `host`, `kind`, and what belongs to the kind. */
export type StepJson = { readonly host: string; readonly kind: TraceStep["kind"] } & Readonly<Record<string, unknown>>;

/** A rule or policy with its provenance. */
export interface RuleJson {
  readonly host: string;
  readonly family: number;
  readonly table: string;
  readonly chain: string;
  readonly index: number;
  readonly text: string;
  readonly source: Source | null;
}

export function ruleJson(network: Network, host: string, place: Omit<RulePlace, "backend" | "hook">): RuleJson {
  return {
    host,
    family: place.family,
    table: place.table,
    chain: place.chain.name,
    index: place.index,
    text: ruleText(place),
    source: ruleSource(network, place),
  };
}

export function stepJson(network: Network, step: TraceStep, domains: FreeDomains): StepJson {
  const { host } = step;
  switch (step.kind) {
    case "receive":
      return { host, kind: step.kind, interface: step.interface, packet: packetJson(step.packet, domains) };
    case "rule":
      return {
        kind: step.kind,
        ...ruleJson(network, host, step.place),
        hook: step.place.hook,
        backend: step.place.backend,
        verdict: step.verdict,
        mark: step.mark,
        ...(step.matched ? {} : { matched: false }),
      };
    case "policy":
      return {
        kind: step.kind,
        ...ruleJson(network, host, step.place),
        hook: step.place.hook,
        backend: step.place.backend,
        verdict: step.verdict,
      };
    case "return":
      return { host, kind: step.kind, table: step.place.table, chain: step.place.chain.name, hook: step.place.hook };
    case "conntrack":
      return { host, kind: step.kind, state: step.state, reply: step.reply };
    case "nat":
      return { host, kind: step.kind, hook: step.hook, manip: step.manip, from: step.from, to: step.to };
    case "route":
      return routeJson(network, step);
    case "neighbour":
      return { host, kind: step.kind, address: formatAddress(step.address), text: step.text };
    case "encapsulate":
    case "decapsulate":
      return { host, kind: step.kind, interface: step.interface, packet: packetJson(step.packet, domains) };
    case "transmit":
      return {
        host,
        kind: step.kind,
        interface: step.interface,
        mac: step.mac,
        packet: packetJson(step.packet, domains),
      };
    case "fragment":
      return { host, kind: step.kind, interface: step.interface, lengths: step.lengths };
    case "reassemble":
      return { host, kind: step.kind, pieces: step.pieces, packet: packetJson(step.packet, domains) };
    case "deliver":
      return { host, kind: step.kind, packet: packetJson(step.packet, domains) };
    case "drop":
      return { host, kind: step.kind, reason: reasonOnHost(network, host, step.reason), text: step.text };
    case "reject":
      return { host, kind: step.kind, text: step.text };
    case "choice":
      return { host, kind: step.kind, question: step.question, taken: step.label, probability: step.probability };
  }
}

function routeJson(network: Network, step: TraceStep & { readonly kind: "route" }): StepJson {
  const { result, host, kind } = step;
  const { route } = result;
  return {
    host,
    kind,
    purpose: step.purpose,
    destination: formatAddress(step.destination),
    result: result.kind,
    text: route === null ? null : routeText(route),
    source: route === null ? null : sourceOf(network.origins, route.origin),
    ...(route?.carrier?.bgp == null
      ? {}
      : { session: { name: route.carrier.name, peer: formatAddress(route.carrier.bgp.remoteAddress) } }),
    ...(result.kind === "error" ? { error: result.errno } : { interface: result.output.name }),
    ...(result.kind === "unicast" ? { nextHop: formatAddress(result.nextHop) } : {}),
    ...(result.kind === "unicast" && result.learnt !== undefined
      ? { redirectedBy: formatAddress(result.learnt.taughtBy) }
      : {}),
  };
}
