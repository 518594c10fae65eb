import {
  at,
  complain,
  elements,
  type Field,
  flag,
  formatFieldPath,
  integer,
  member,
  parsed,
  text,
  topField,
} from "../../kubernetes/field.ts";
import { deriveConnectedRoutes } from "../../linux/routing/derive-connected-routes.ts";
import { deriveLocalRoutes } from "../../linux/routing/derive-local-routes.ts";
import type { Finding } from "../../model/finding.ts";
import { type Host, type HostPart, host, type Knowledge } from "../../model/host.ts";
import { type Interface, interfaceAddress, networkInterface } from "../../model/interface.ts";
import type { LinkMember } from "../../model/link.ts";
import type { FabricRoute } from "../../model/network.ts";
import { type Origin, type OriginTable, originFile, originOfResource } from "../../model/origin.ts";
import { defaultPolicyRules } from "../../model/policy-rule.ts";
import type { Route } from "../../model/route.ts";
import { ipv4 } from "../../net/address.ts";
import { parseInterfaceAddress } from "../../net/prefix.ts";
import { parseMac } from "../ip/mac.ts";
import { readRoutes } from "../ip/route.ts";
import { type UnknownKey, unknownKeys } from "../known-keys.ts";
import { locateField, locateKey } from "../resources/locate-field.ts";
import { parseDocument } from "../resources/parse-document.ts";
import { assumedSysctls } from "./assumed-sysctls.ts";
import type { PlacedFile } from "./layout.ts";

export interface Segment {
  readonly name: string;
  readonly mtu: number | null;
  /** `closed: true`: nobody else is on it. */
  readonly closed: boolean;
  readonly members: readonly (LinkMember & { readonly line: number | null })[];
  readonly origin: Origin;
}

/** `snapshot.yaml`: what dumps cannot tell. */
export interface SnapshotDescription {
  readonly name: string | null;
  readonly collectedAt: string | null;
  readonly segments: readonly Segment[];
  /** Machines without dumps. */
  readonly hosts: readonly Host[];
  readonly routes: readonly FabricRoute[];
  readonly findings: readonly Finding[];
}

export const NO_DESCRIPTION: SnapshotDescription = {
  name: null,
  collectedAt: null,
  segments: [],
  hosts: [],
  routes: [],
  findings: [],
};

/** Reads `snapshot.yaml` (INTERFACES section 2). What is wrong in it is a finding and left out. */
export function readDescription(file: PlacedFile, origins: OriginTable): SnapshotDescription {
  const document = parseDocument(file.text);
  if (document.kind === "error") {
    const finding: Finding = {
      code: "yaml-syntax",
      severity: "error",
      message: `Cannot be read as YAML: ${document.message}.`,
      file: file.path,
      line: document.line,
      column: document.column,
    };
    return { ...NO_DESCRIPTION, findings: [finding] };
  }
  const top = topField(document.value);
  const findings: Finding[] = [];
  const fileNumber = originFile(origins, file.path);
  const lineOf = (field: Field): number | null => locateField(file.text, field.path)?.line ?? null;
  const context: Context = {
    origins,
    findings,
    file: file.path,
    lineOf,
    originOf: (field) =>
      originOfResource(origins, fileNumber, lineOf(field) ?? 0, "Snapshot", formatFieldPath(field.path)),
  };
  const fabric = member(top, "fabric");
  const unknown = [
    ...unknownKeys(top, ["apiVersion", "kind", "metadata", "collectedAt", "fabric"]),
    ...unknownKeys(member(top, "metadata"), ["name"]),
    ...unknownKeys(fabric, ["segments", "hosts", "routes"]),
    ...keysOfElements(member(fabric, "segments"), SEGMENT_KEYS),
    ...keysOfElements(member(fabric, "hosts"), HOST_KEYS),
    ...elements(member(fabric, "hosts")).flatMap((entry) =>
      keysOfElements(member(entry, "interfaces"), INTERFACE_KEYS),
    ),
    ...keysOfElements(member(fabric, "routes"), ROUTE_KEYS),
  ];
  const kind = member(top, "kind");
  if (kind.value !== undefined && text(kind) !== "Snapshot") complain(kind, "Snapshot");
  const version = member(top, "apiVersion");
  if ((text(version) ?? "") !== "podpath/v1") complain(version, "podpath/v1");
  const description = {
    name: text(at(top, "metadata", "name")),
    collectedAt: text(member(top, "collectedAt")),
    segments: elements(member(fabric, "segments")).map((field, i) => readSegment(field, i, context)),
    hosts: elements(member(fabric, "hosts")).flatMap((field) => readHost(field, context) ?? []),
    routes: elements(member(fabric, "routes")).flatMap((field) => readFabricRoute(field, context) ?? []),
  };
  for (const problem of top.problems) {
    const place = locateField(file.text, problem.path);
    findings.push({
      code: "wrong-field",
      severity: "error",
      message: `${formatFieldPath(problem.path)} is ${problem.found}.`,
      file: file.path,
      ...(place === null ? {} : { line: place.line, column: place.column }),
      expected: problem.expected,
    });
  }
  unknown.forEach(({ path, key, suggestion }, index) => {
    findings.push({
      code: "unknown-key",
      severity: "warning",
      message: `Nobody reads "${key}" (${formatFieldPath(path)}).`,
      file: file.path,
      ...(index < LOCATED ? (locateKey(file.text, path) ?? {}) : {}),
      advice: suggestion,
    });
  });
  return { ...description, findings };
}

const SEGMENT_KEYS = ["name", "mtu", "closed", "members"];
const HOST_KEYS = ["name", "interfaces", "routes", "ipForward"];
const INTERFACE_KEYS = ["name", "mac", "mtu", "addresses"];
const ROUTE_KEYS = ["to", "destination", "via", "segment"];
/** Each place costs a walk of the whole text. */
const LOCATED = 50;

function keysOfElements(list: Field, known: readonly string[]): readonly UnknownKey[] {
  return elements(list).flatMap((element) => unknownKeys(element, known));
}

interface Context {
  readonly origins: OriginTable;
  readonly findings: Finding[];
  readonly file: string;
  lineOf(field: Field): number | null;
  originOf(field: Field): Origin;
}

function parseMember(written: string): LinkMember | null {
  const colon = written.lastIndexOf(":");
  if (colon <= 0 || colon === written.length - 1) return null;
  return { host: written.slice(0, colon), interface: written.slice(colon + 1) };
}

function readSegment(field: Field, index: number, context: Context): Segment {
  return {
    name: text(member(field, "name")) ?? `segment ${index + 1}`,
    mtu: integer(member(field, "mtu")),
    closed: flag(member(field, "closed")) ?? false,
    members: elements(member(field, "members")).flatMap((entry) => {
      const found = parsed(entry, parseMember, "`<host>:<interface>`, such as node1:eth0 or host/gw:eth0");
      return found === null ? [] : [{ ...found, line: context.lineOf(entry) }];
    }),
    origin: context.originOf(field),
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

export function loopback(): Interface {
  return networkInterface({
    name: "lo",
    index: 1,
    mac: "00:00:00:00:00:00",
    addresses: [interfaceAddress({ address: ipv4(0x7f000001), prefixLength: 8, scope: "host" })],
  });
}

function readHost(field: Field, context: Context): Host | null {
  const name = text(member(field, "name"));
  if (name === null || name === "") {
    complain(member(field, "name"), "the name of the machine");
    return null;
  }
  const origin = context.originOf(field);
  const interfaces = new Map<string, Interface>([["lo", loopback()]]);
  for (const entry of elements(member(field, "interfaces"))) {
    const device = text(member(entry, "name"));
    if (device === null) {
      complain(member(entry, "name"), "the name of the interface");
      continue;
    }
    interfaces.set(
      device,
      networkInterface({
        name: device,
        index: interfaces.size + 1,
        mac: parsed(member(entry, "mac"), parseMac, "a MAC address"),
        mtu: integer(member(entry, "mtu")) ?? 1500,
        origin: context.originOf(entry),
        addresses: elements(member(entry, "addresses")).flatMap((address) => {
          const value = parsed(address, parseInterfaceAddress, "an address such as 10.0.253.1/24");
          if (value === null) return [];
          return [
            interfaceAddress({
              address: value.address,
              prefixLength: value.length,
              origin: context.originOf(address),
            }),
          ];
        }),
      }),
    );
  }
  const devices = [...interfaces.values()];
  const written = elements(member(field, "routes")).flatMap((entry) => readRouteText(entry, context));
  return host({
    name: name.startsWith("host/") ? name : `host/${name}`,
    kind: "host",
    interfaces,
    routes: [...deriveConnectedRoutes(devices), ...written, ...deriveLocalRoutes(devices)],
    policyRules: [...defaultPolicyRules(4), ...defaultPolicyRules(6)],
    sysctls: assumedSysctls("host", devices, flag(member(field, "ipForward")) ?? false),
    knowledge: DESCRIBED,
    origin,
  });
}

/** One line as a person gives it to `ip route add`. */
function readRouteText(field: Field, context: Context): readonly Route[] {
  const line = text(field);
  if (line === null) return [];
  const family = /(?:^|\s)[\da-f]*:[\da-f:]*/i.test(line) ? 6 : 4;
  const dump = readRoutes(line, context.file, context.origins, { family, typed: true });
  const place = context.lineOf(field);
  for (const finding of dump.findings)
    context.findings.push({ ...finding, ...(place === null ? {} : { line: place }) });
  if (dump.routes.length === 0) complain(field, "a route as `ip route add` takes it");
  const origin = context.originOf(field);
  return dump.routes.map((route) => ({ ...route, origin }));
}

/** `192.168.0.0/16 via 172.16.0.9`, or the same with keys: `{to, via, segment}`. */
function readFabricRoute(field: Field, context: Context): FabricRoute | null {
  const isText = typeof field.value === "string";
  const segment = isText ? null : text(member(field, "segment"));
  const to = isText ? "" : (text(member(field, "to")) ?? text(member(field, "destination")) ?? "");
  const via = isText ? "" : (text(member(field, "via")) ?? "");
  const line = isText ? field.value : `${to}${via === "" ? "" : ` via ${via}`}`;
  const [route] = readRouteText({ ...field, value: line }, context);
  if (route === undefined) return null;
  return {
    destination: route.destination,
    via: route.nextHops[0]?.gateway ?? null,
    segment: segment ?? route.nextHops[0]?.interface ?? null,
    origin: route.origin,
  };
}
