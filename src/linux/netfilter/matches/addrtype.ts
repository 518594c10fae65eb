import type { Address } from "../../../net/address.ts";
import { isMulticast, isUnspecified } from "../../../net/address.ts";
import { type AddressType, addressType } from "../../routing/address-type.ts";
import { isAnycastDestination } from "../../routing/anycast-destination.ts";
import { lookUpRoute } from "../../routing/look-up.ts";
import { haveAddress6 } from "../../routing/own-address6.ts";
import type { HostRuntime } from "../../runtime.ts";
import { isUnicast6 } from "../../unicast6.ts";
import type { GivenOption, MatchExtension } from "../extension.ts";
import { givenOption, optionWords } from "../option-words.ts";

/** Types as the kernel numbers them; NAT and XRESOLVE are never found. */
type TypeName = AddressType | "NAT" | "XRESOLVE";

interface TypeTest {
  readonly types: readonly TypeName[];
  readonly invert: boolean;
}

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly addrtype: {
      readonly source: TypeTest | null;
      readonly destination: TypeTest | null;
      readonly limit: "in" | "out" | null;
    };
  }
}

/** In the order of RTN_* and of print. */
const TYPES: readonly TypeName[] = [
  "UNSPEC",
  "UNICAST",
  "LOCAL",
  "BROADCAST",
  "ANYCAST",
  "MULTICAST",
  "BLACKHOLE",
  "UNREACHABLE",
  "PROHIBIT",
  "THROW",
  "NAT",
  "XRESOLVE",
];
/** What the kernel refuses to load for IPv6 (net/netfilter/xt_addrtype.c addrtype_mt_checkentry_v1). */
const IPV4_ONLY: readonly TypeName[] = ["BROADCAST", "PROHIBIT", "THROW", "NAT", "XRESOLVE"];

function typeTest(given: readonly GivenOption[], name: string): TypeTest | null | string {
  const option = givenOption(given, name);
  if (option === undefined) return null;
  const wanted = (option.values[0] ?? "").toUpperCase().split(",");
  const unknown = wanted.find((word) => !TYPES.some((type) => type === word));
  if (unknown !== undefined) return `unknown address type "${unknown}"`;
  return { types: TYPES.filter((type) => wanted.includes(type)), invert: option.invert };
}

/** match_type(): one look-up, and whether its answer is in the list. */
function matches4(runtime: HostRuntime, address: Address, device: string | null, test: TypeTest): boolean {
  const type = addressType(runtime, address, device);
  return test.types.some((wanted) => wanted === type);
}

/**
 * match_type6(): unlike IPv4, the kinds named by MULTICAST, UNICAST and UNSPEC must all hold; of those that need a
 * route (LOCAL, ANYCAST, UNREACHABLE) one is enough.
 */
function matches6(runtime: HostRuntime, address: Address, device: string | null, test: TypeTest): boolean {
  const has = (type: TypeName): boolean => test.types.includes(type);
  const multicast = isMulticast(address);
  if (has("MULTICAST") && !multicast) return false;
  if (has("UNICAST") && !isUnicast6(address)) return false;
  if (has("UNSPEC") && !isUnspecified(address)) return false;
  if (!has("LOCAL") && !has("ANYCAST") && !has("UNREACHABLE")) return true;
  if (has("LOCAL") && isLocal6(runtime, address, device)) return true;
  if (!has("ANYCAST") && !has("UNREACHABLE")) return false;
  const route = lookUpRoute(runtime, {
    dst: address,
    src: null,
    input: null,
    output: device,
    mark: 0,
    tos: 0,
    protocol: 0,
    sport: 0,
    dport: 0,
    uid: 0,
  });
  return (
    (has("ANYCAST") && isAnycastDestination(runtime, route, address)) || (has("UNREACHABLE") && route.kind === "error")
  );
}

/** match_lookup_rt6(): with a device its own addresses count (ipv6_chk_addr()), of which others may have the same. */
function isLocal6(runtime: HostRuntime, address: Address, device: string | null): boolean {
  if (device === null) return addressType(runtime, address, null) === "LOCAL";
  const own = runtime.host.interfaces.get(device);
  return own !== undefined && haveAddress6([own], address);
}

/** `-m addrtype` (net/netfilter/xt_addrtype.c addrtype_mt_v1). */
export const addrtype: MatchExtension<"addrtype"> = {
  options: {
    "src-type": { values: 1, negatable: true },
    "dst-type": { values: 1, negatable: true },
    "limit-iface-in": { values: 0, negatable: false },
    "limit-iface-out": { values: 0, negatable: false },
  },
  parse(given, context) {
    const source = typeTest(given, "src-type");
    const destination = typeTest(given, "dst-type");
    if (typeof source === "string") return { problem: source };
    if (typeof destination === "string") return { problem: destination };
    if (source === null && destination === null) return { problem: "you must specify --src-type or --dst-type" };
    const listed = [...(source?.types ?? []), ...(destination?.types ?? [])];
    const refused = context.family === 6 ? listed.find((type) => IPV4_ONLY.includes(type)) : undefined;
    if (refused !== undefined) return { problem: `IPv6 has no address type ${refused}` };
    const limitIn = givenOption(given, "limit-iface-in") !== undefined;
    const limitOut = givenOption(given, "limit-iface-out") !== undefined;
    if (limitIn && limitOut) return { problem: "--limit-iface-in and --limit-iface-out exclude each other" };
    return { value: { source, destination, limit: limitIn ? "in" : limitOut ? "out" : null } };
  },
  print: ({ source, destination, limit }) => [
    ...(source === null ? [] : optionWords("src-type", source.invert, source.types.join(","))),
    ...(destination === null ? [] : optionWords("dst-type", destination.invert, destination.types.join(","))),
    ...(limit === null ? [] : [`--limit-iface-${limit}`]),
  ],
  compile({ source, destination, limit }, _rule, family) {
    const matches = family === 4 ? matches4 : matches6;
    return {
      kind: "call",
      test({ packet, input, output }, runtime) {
        const device = limit === null ? null : ((limit === "in" ? input : output)?.name ?? null);
        if (source !== null && matches(runtime, packet.src, device, source) === source.invert) return false;
        return destination === null || matches(runtime, packet.dst, device, destination) !== destination.invert;
      },
    };
  },
};
