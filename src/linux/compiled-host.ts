import type { Host } from "../model/host.ts";
import { type Interface, networkInterface } from "../model/interface.ts";
import type { Family } from "../net/address.ts";
import { type HostSettings, hostSettings } from "./device-settings.ts";
import { compileFrameChains, type FrameChains } from "./netfilter/frame-chains.ts";
import { compileHooks, type FamilyHooks } from "./netfilter/hook-order.ts";
import { compileFib, type Fib } from "./routing/fib.ts";

/** Everything derived from a Host that packets need, made once per Host object. */
export interface CompiledHost {
  readonly host: Host;
  /** See `fibOf`. */
  readonly fib: Record<Family, Fib | null>;
  /** See `hooksOf`. */
  readonly hooks: Record<Family, FamilyHooks | null>;
  /** See `frameChainsOf`; undefined while nobody asked. */
  frameChains: FrameChains | null | undefined;
  /** `lo`; a stand-in where the dump has none. */
  readonly loopback: Interface;
  readonly settings: HostSettings;
  /** IPv4 addresses of all devices, as int32, which is found faster than what is larger. */
  readonly addresses4: ReadonlySet<number>;
  /** By ifindex. */
  readonly devices: readonly Interface[];
  /** Ports of each bridge, by the bridge's name. */
  readonly bridgePorts: ReadonlyMap<string, readonly Interface[]>;
}

const compiled = new WeakMap<Host, CompiledHost>();

export function compileHost(host: Host): CompiledHost {
  const known = compiled.get(host);
  if (known !== undefined) return known;
  const devices = [...host.interfaces.values()].sort((x, y) => x.index - y.index);
  const bridgePorts = new Map<string, Interface[]>();
  for (const device of devices) {
    if (device.master === null || host.interfaces.get(device.master)?.kind !== "bridge") continue;
    const ports = bridgePorts.get(device.master);
    if (ports === undefined) bridgePorts.set(device.master, [device]);
    else ports.push(device);
  }
  const result: CompiledHost = {
    host,
    fib: { 4: null, 6: null },
    hooks: { 4: null, 6: null },
    frameChains: undefined,
    loopback: host.interfaces.get("lo") ?? networkInterface({ name: "lo", index: 1 }),
    settings: hostSettings(),
    addresses4: new Set(
      devices.flatMap(({ addresses }) =>
        addresses.flatMap(({ address }) => (address.family === 4 ? address.a | 0 : [])),
      ),
    ),
    devices,
    bridgePorts,
  };
  compiled.set(host, result);
  return result;
}

/** The routing tables of a family, compiled when a packet is first routed: many hosts only ever hear a question of ARP. */
export function fibOf(compiled: CompiledHost, family: Family): Fib {
  const known = compiled.fib[family];
  if (known !== null) return known;
  const fib = compileFib(compiled.host, family);
  compiled.fib[family] = fib;
  return fib;
}

/** What runs at the hooks of a family, compiled when a packet first comes to one. */
export function hooksOf(compiled: CompiledHost, family: Family): FamilyHooks {
  const known = compiled.hooks[family];
  if (known !== null) return known;
  const hooks = compileHooks(compiled.host, family);
  compiled.hooks[family] = hooks;
  return hooks;
}

/** The chains that frames meet beside the hooks of IP; null where there are none. */
export function frameChainsOf(compiled: CompiledHost): FrameChains | null {
  if (compiled.frameChains === undefined) compiled.frameChains = compileFrameChains(compiled.host);
  return compiled.frameChains;
}
