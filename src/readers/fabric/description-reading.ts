import { complain, elements, type Field, formatFieldPath, pathOf, text } from "../../kubernetes/field.ts";
import type { Finding } from "../../model/finding.ts";
import type { Interface } from "../../model/interface.ts";
import { type Origin, type OriginTable, originFile, originOfResource } from "../../model/origin.ts";
import type { Route } from "../../model/route.ts";
import { prefixContains, prefixOf } from "../../net/prefix.ts";
import { readRoutes } from "../ip/route.ts";
import { type UnknownKey, unknownKeys } from "../known-keys.ts";
import { type FieldLocator, fieldLocator } from "../resources/field-locator.ts";

/** A file of podpath's own (`snapshot.yaml`, `nodes.yaml`) while it is read: where its fields stand, and what is wrong in it. */
export interface DescriptionReading {
  readonly origins: OriginTable;
  readonly findings: Finding[];
  readonly file: string;
  readonly locator: FieldLocator;
  lineOf(field: Field): number | null;
  originOf(field: Field): Origin;
}

/** `kind` stands in the origins of its fields: `Snapshot`, `ClusterNodes`. */
export function descriptionReading(
  file: string,
  source: string,
  kind: string,
  origins: OriginTable,
): DescriptionReading {
  const fileNumber = originFile(origins, file);
  const locator = fieldLocator(source);
  const lineOf = (field: Field): number | null => locator.value(pathOf(field))?.line ?? null;
  return {
    origins,
    findings: [],
    file,
    locator,
    lineOf,
    originOf: (field) =>
      originOfResource(origins, fileNumber, lineOf(field) ?? 0, kind, formatFieldPath(pathOf(field))),
  };
}

/** What is wrong with the types of fields, and the keys that nobody reads, as findings with their places. */
export function tellProblems(top: Field, unknown: readonly UnknownKey[], reading: DescriptionReading): void {
  const { file, locator } = reading;
  for (const problem of top.problems) {
    const place = locator.value(problem.path);
    reading.findings.push({
      code: "wrong-field",
      severity: "error",
      message: `${formatFieldPath(problem.path)} is ${problem.found}.`,
      file,
      ...(place === null ? {} : { line: place.line, column: place.column }),
      expected: problem.expected,
    });
  }
  const told = new Set<string>();
  for (const { path, key, suggestion } of unknown) {
    if (told.has(formatFieldPath(path))) continue;
    told.add(formatFieldPath(path));
    reading.findings.push({
      code: "unknown-key",
      severity: "warning",
      message: `Nobody reads "${key}" (${formatFieldPath(path)}).`,
      file,
      ...(locator.key(path) ?? {}),
      advice: suggestion,
    });
  }
}

export function keysOfElements(list: Field, known: readonly string[]): readonly UnknownKey[] {
  return elements(list).flatMap((element) => unknownKeys(element, known));
}

/** One line as a person gives it to `ip route add`. */
export function readRouteText(field: Field, reading: DescriptionReading): readonly Route[] {
  const line = text(field);
  if (line === null) return [];
  const family = /(?:^|\s)[\da-f]*:[\da-f:]*/i.test(line) ? 6 : 4;
  const dump = readRoutes(line, reading.file, reading.origins, { family, typed: true });
  const place = reading.locator.value(pathOf(field));
  for (const finding of dump.findings) {
    reading.findings.push({ ...finding, ...(place === null ? {} : { line: place.line, column: place.column }) });
  }
  if (dump.routes.length === 0 && dump.findings.length === 0) {
    field.problems.push({ path: pathOf(field), expected: "a route as `ip route add` takes it", found: `"${line}"` });
  }
  const origin = reading.originOf(field);
  return dump.routes.map((route) => ({ ...route, origin }));
}

/**
 * The routes of a machine as `ip route add` makes them: the device of a next hop that is not written is the one whose subnet
 * holds its gateway. A next hop that is on no subnet of the machine is complained of, as the kernel refuses it.
 */
export function readMachineRoutes(
  list: readonly Field[],
  devices: readonly Interface[],
  reading: DescriptionReading,
): readonly Route[] {
  return list.flatMap((field) =>
    readRouteText(field, reading).flatMap((route) => {
      const nextHops = route.nextHops.map((hop) => {
        const { gateway } = hop;
        if (hop.interface !== null || gateway === null) return hop;
        const device = devices.find(
          ({ kind, addresses }) =>
            kind !== "loopback" &&
            addresses.some(({ address, prefixLength }) => prefixContains(prefixOf(address, prefixLength), gateway)),
        );
        return { ...hop, interface: device?.name ?? null };
      });
      const lost = nextHops.some(
        (hop) => hop.interface === null || !devices.some(({ name }) => name === hop.interface),
      );
      if (lost && route.type === "unicast") {
        complain(field, "a next hop in a subnet of one of the machine's interfaces, or `dev` with one of them");
        return [];
      }
      return [{ ...route, nextHops }];
    }),
  );
}
