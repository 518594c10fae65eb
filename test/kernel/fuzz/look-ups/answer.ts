import { routeInput } from "../../../../src/linux/routing/input.ts";
import type { RouteKey } from "../../../../src/linux/routing/key.ts";
import { routeOutputKey, sourceFor } from "../../../../src/linux/routing/output.ts";
import type { RoutingResult } from "../../../../src/linux/routing/result.ts";
import type { HostRuntime } from "../../../../src/linux/runtime.ts";
import { type Address, formatAddress, parseAddress, sameAddress } from "../../../../src/net/address.ts";
import type { KernelRoute } from "../../harness/oracle-client.ts";
import type { LookUpKey } from "./world.ts";

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(`not an address: ${text}`);
  return parsed;
}

/** podpath's answer to the same question (net/ipv4/route.c inet_rtm_getroute). */
export function podpathAnswer(runtime: HostRuntime, key: LookUpKey): KernelRoute {
  return key.iif === undefined ? outputAnswer(runtime, key) : inputAnswer(runtime, key, key.iif);
}

function outputAnswer(runtime: HostRuntime, key: LookUpKey): KernelRoute {
  const dst = address(key.to);
  const given = key.from === undefined ? null : address(key.from);
  const src = given?.a === 0 ? null : given;
  const { mark = 0, tos = 0, uid = 0, proto, sport = 0, dport = 0 } = key;
  const asked: RouteKey = {
    dst,
    src,
    input: null,
    output: key.oif ?? null,
    mark,
    tos,
    uid,
    protocol: proto,
    sport,
    dport,
  };
  const result = routeOutputKey(runtime, asked, false);
  if (result.kind === "error") return { errno: result.errno };
  const source = src ?? sourceFor(runtime, result, dst);
  const tells = source !== null && source.a !== 0 && (given === null || !sameAddress(source, given));
  return { ...way(result, "lo"), prefsrc: tells ? formatAddress(source) : null };
}

function inputAnswer(runtime: HostRuntime, key: LookUpKey, iif: string): KernelRoute {
  const device = runtime.host.interfaces.get(iif);
  if (device === undefined) return { errno: "ENODEV" };
  const { mark = 0, tos = 0, proto, sport = 0, dport = 0 } = key;
  const src = address(key.from ?? "0.0.0.0");
  const route = routeInput(runtime, device, {
    src,
    dst: address(key.to),
    protocol: proto,
    sport,
    dport,
    tos,
    mark,
    input: iif,
    output: null,
    uid: 0,
    packet: null,
  });
  switch (route.kind) {
    case "martian":
      return { errno: "EINVAL" };
    case "unreachable":
      return { errno: route.forwarding ? route.result.errno : "EHOSTUNREACH" };
    case "deliver":
      return { ...way(route.result, "lo"), oif: "lo", prefsrc: null };
    case "forward":
      return { ...way(route.result, "lo"), prefsrc: null };
  }
}

function way(result: RoutingResult, loopback: string): KernelRoute {
  if (result.kind === "error") return { errno: result.errno };
  const gateway = result.kind === "unicast" && result.viaGateway ? formatAddress(result.nextHop) : null;
  return {
    errno: null,
    type: result.kind,
    table: result.route?.table ?? 0,
    gateway,
    oif: result.kind === "local" ? loopback : result.output.name,
  };
}
