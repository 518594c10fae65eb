import { complain, elements, type Field, flag, integer, member, parsed, text } from "../../kubernetes/field.ts";
import { deriveConnectedRoutes } from "../../linux/routing/derive-connected-routes.ts";
import { deriveLocalRoutes } from "../../linux/routing/derive-local-routes.ts";
import type { BirdConfiguration } from "../../model/bird/configuration.ts";
import { type Host, type HostPart, host, type Knowledge } from "../../model/host.ts";
import type { Interface } from "../../model/interface.ts";
import type { LinkDrop, LinkMember } from "../../model/link.ts";
import type { FabricRoute } from "../../model/network.ts";
import type { Origin } from "../../model/origin.ts";
import { defaultPolicyRules } from "../../model/policy-rule.ts";
import { type UnknownKey, unknownKeys } from "../known-keys.ts";
import { assumedSysctls } from "../snapshot/assumed-sysctls.ts";
import { type DescriptionReading, keysOfElements, readMachineRoutes, readRouteText } from "./description-reading.ts";
import { LINK_DROP_KEYS, readLinkDrop } from "./link-drops.ts";
import { readListen } from "./listen.ts";
import { INTERFACE_KEYS, loopback, readInterface, withLinkLayer } from "./read-interface.ts";

export interface Segment {
  readonly name: string;
  readonly mtu: number | null;
  /** `closed: true`: nobody else is on it. */
  readonly closed: boolean;
  readonly members: readonly (LinkMember & { readonly line: number | null })[];
  /** Packets that the fabric does not carry there. */
  readonly drops: readonly LinkDrop[];
  readonly origin: Origin;
}

/** What is between machines: `fabric` of `snapshot.yaml` and of `nodes.yaml`. */
export interface FabricDescription {
  readonly segments: readonly Segment[];
  /** Machines without dumps. */
  readonly hosts: readonly Host[];
  readonly routes: readonly FabricRoute[];
  /** Configurations of the BIRDs that run on those machines, by their names. */
  readonly birds: ReadonlyMap<string, readonly BirdConfiguration[]>;
}

export const NO_FABRIC: FabricDescription = { segments: [], hosts: [], routes: [], birds: new Map() };

const SEGMENT_KEYS = ["name", "mtu", "closed", "members", "drops"];
const HOST_KEYS = ["name", "interfaces", "routes", "ipForward", "listen"];
/** Of a machine beside a cluster of manifests, which nobody dumps. */
const BIRD_KEY = "birdConfig";
const ROUTE_KEYS = ["to", "destination", "via", "segment"];

/** Keys below `fabric` that nobody reads. `hasBirds`: machines may be told what their BIRDs are. */
export function unknownFabricKeys(fabric: Field, hasBirds = false): readonly UnknownKey[] {
  const hostKeys = hasBirds ? [...HOST_KEYS, BIRD_KEY] : HOST_KEYS;
  return [
    ...unknownKeys(fabric, ["segments", "hosts", "routes"]),
    ...keysOfElements(member(fabric, "segments"), SEGMENT_KEYS),
    ...elements(member(fabric, "segments")).flatMap((entry) => keysOfElements(member(entry, "drops"), LINK_DROP_KEYS)),
    ...keysOfElements(member(fabric, "hosts"), hostKeys),
    ...elements(member(fabric, "hosts")).flatMap((entry) =>
      keysOfElements(member(entry, "interfaces"), INTERFACE_KEYS),
    ),
    ...keysOfElements(member(fabric, "routes"), ROUTE_KEYS),
  ];
}

/**
 * `readBirds`: reads what the BIRD of a machine is told. Then all that there is stands here, and what their kernels give to machines is made up;
 * without it, dumps of others may still tell it.
 */
export function readFabric(
  fabric: Field,
  reading: DescriptionReading,
  readBirds: ((field: Field) => readonly BirdConfiguration[]) | null = null,
): FabricDescription {
  const birds = new Map<string, readonly BirdConfiguration[]>();
  const hosts = elements(member(fabric, "hosts")).flatMap((field) => {
    const made = readHost(field, reading, readBirds !== null);
    if (made === null) return [];
    const configurations = readBirds?.(member(field, BIRD_KEY)) ?? [];
    if (configurations.length > 0) birds.set(made.name, configurations);
    return [made];
  });
  const routers = new Set(hosts.map(({ name }) => name));
  return {
    segments: elements(member(fabric, "segments")).map((field, i) => readSegment(field, i, routers, reading)),
    hosts,
    routes: elements(member(fabric, "routes")).flatMap((field) => readFabricRoute(field, reading) ?? []),
    birds,
  };
}

function parseMember(written: string): LinkMember | null {
  const colon = written.lastIndexOf(":");
  if (colon <= 0 || colon === written.length - 1) return null;
  return { host: written.slice(0, colon), interface: written.slice(colon + 1) };
}

function readSegment(field: Field, index: number, routers: ReadonlySet<string>, reading: DescriptionReading): Segment {
  return {
    name: text(member(field, "name")) ?? `segment ${index + 1}`,
    mtu: integer(member(field, "mtu")),
    closed: flag(member(field, "closed")) ?? false,
    members: elements(member(field, "members")).flatMap((entry) => {
      const found = parsed(entry, parseMember, "`<host>:<interface>`, such as node1:eth0 or host/gw:eth0");
      return found === null ? [] : [{ ...found, line: reading.lineOf(entry) }];
    }),
    drops: elements(member(field, "drops")).flatMap((entry) => readLinkDrop(entry, routers, reading) ?? []),
    origin: reading.originOf(field),
  };
}

/** What is assumed of a machine that is described in a few words. */
const DESCRIBED: ReadonlyMap<HostPart, Knowledge> = new Map([
  ["rules", "assumed"],
  ["rules6", "assumed"],
  ["otherBackend", "assumed"],
  ["nft", "assumed"],
  ["routes", "derived"],
  ["routes6", "derived"],
  ["policyRules", "derived"],
  ["sets", "assumed"],
  ["sysctls", "assumed"],
  ["neighbours", "assumed"],
  ["conntrack", "assumed"],
  ["sockets", "unknown"],
] as const);

function readHost(field: Field, reading: DescriptionReading, complete: boolean): Host | null {
  const name = text(member(field, "name"));
  if (name === null || name === "") {
    complain(member(field, "name"), "the name of the machine");
    return null;
  }
  const origin = reading.originOf(field);
  const interfaces = new Map<string, Interface>([["lo", loopback()]]);
  for (const entry of elements(member(field, "interfaces"))) {
    const device = readInterface(entry, { index: interfaces.size + 1, mtu: 1500 }, reading);
    if (device !== null) interfaces.set(device.name, complete ? withLinkLayer(`host/${name}`, device) : device);
  }
  const devices = [...interfaces.values()];
  const written = readMachineRoutes(elements(member(field, "routes")), devices, reading);
  const listen = member(field, "listen");
  const tellsSockets = listen.value !== undefined;
  return host({
    name: name.startsWith("host/") ? name : `host/${name}`,
    kind: "host",
    interfaces,
    routes: [...deriveConnectedRoutes(devices), ...written, ...deriveLocalRoutes(devices)],
    policyRules: [...defaultPolicyRules(4), ...defaultPolicyRules(6)],
    sysctls: assumedSysctls("host", devices, flag(member(field, "ipForward")) ?? false),
    sockets: readListen(listen, reading),
    knowledge: tellsSockets ? new Map([...DESCRIBED, ["sockets", "known"]]) : DESCRIBED,
    origin,
  });
}

/** `192.168.0.0/16 via 172.16.0.9`, or the same with keys: `{to, via, segment}`. */
function readFabricRoute(field: Field, reading: DescriptionReading): FabricRoute | null {
  const isText = typeof field.value === "string";
  const segment = isText ? null : text(member(field, "segment"));
  const to = isText ? "" : (text(member(field, "to")) ?? text(member(field, "destination")) ?? "");
  const via = isText ? "" : (text(member(field, "via")) ?? "");
  const line = isText ? field.value : `${to}${via === "" ? "" : ` via ${via}`}`;
  const [route] = readRouteText({ ...field, value: line }, reading);
  if (route === undefined) return null;
  return {
    destination: route.destination,
    via: route.nextHops[0]?.gateway ?? null,
    segment: segment ?? route.nextHops[0]?.interface ?? null,
    origin: route.origin,
  };
}
