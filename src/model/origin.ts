/**
 * Provenance: every rule, route, address and set member carries an `Origin`, an index into the Network's table of
 * origins. Texts are made on demand, so that a million items cost a million integers.
 */
export type Origin = number;

/** The origin of what nobody wrote: derived or assumed items. */
export const NO_ORIGIN: Origin = 0;

/** Where something was written: a line of a file, a field of a resource, or both. */
export interface Source {
  readonly file?: string;
  /** Counted from 1. */
  readonly line?: number;
  /** `Kind namespace/name`. */
  readonly resource?: string;
  /** Path inside the resource, `spec.cidr`. */
  readonly field?: string;
}

/** An append-only table of origins. Entry 0 is NO_ORIGIN. */
export interface OriginTable {
  readonly files: string[];
  readonly fileOf: number[];
  readonly lineOf: number[];
  readonly resources: Map<
    Origin,
    { readonly resource: string; readonly field: string /** The whole resource's, of a field. */; readonly of: Origin }
  >;
  /** By origin of a resource: finds the lines of its fields. */
  readonly lines: Map<Origin, FieldLine>;
}

/** The line (from 1) where a field such as `spec.egress[0]` stands, or what there is of the way to it; null when that cannot be told. */
export type FieldLine = (field: string) => number | null;

export function originTable(): OriginTable {
  return { files: [""], fileOf: [0], lineOf: [0], resources: new Map(), lines: new Map() };
}

/** Registers a file; give the result to `originAt` for each of its lines. */
export function originFile(table: OriginTable, file: string): number {
  return table.files.push(file) - 1;
}

/** The origin of a line (from 1) of a registered file. */
export function originAt(table: OriginTable, file: number, line: number): Origin {
  table.fileOf.push(file);
  return table.lineOf.push(line) - 1;
}

/** The origin of a field of a resource, with the file line where the resource stands when known (else 0). */
export function originOfResource(
  table: OriginTable,
  file: number,
  line: number,
  resource: string,
  field: string,
): Origin {
  const origin = originAt(table, file, line);
  table.resources.set(origin, { resource, field, of: origin });
  return origin;
}

/** The origin of a field of the resource that another origin names; NO_ORIGIN stays what it is. */
export function originOfField(table: OriginTable, resource: Origin, field: string): Origin {
  const named = table.resources.get(resource);
  if (named === undefined) return resource;
  const origin = originAt(table, table.fileOf[resource] ?? 0, table.lineOf[resource] ?? 0);
  table.resources.set(origin, { resource: named.resource, field, of: named.of });
  return origin;
}

/** The written source of an origin; null for NO_ORIGIN. */
export function sourceOf(table: OriginTable, origin: Origin): Source | null {
  if (origin === NO_ORIGIN) return null;
  const file = table.files[table.fileOf[origin] ?? 0] ?? "";
  const named = table.resources.get(origin);
  const own = named === undefined || named.of === origin ? null : table.lines.get(named.of)?.(named.field);
  const line = own ?? table.lineOf[origin] ?? 0;
  return {
    ...(file === "" ? {} : { file }),
    ...(line === 0 ? {} : { line }),
    ...(named === undefined ? {} : { resource: named.resource, field: named.field }),
  };
}

/** `nodes/n1/iptables-save.txt:118`, `IPPool default (spec.cidr)`, or the empty string. */
export function formatSource(source: Source | null): string {
  if (source === null) return "";
  const place = source.file === undefined ? "" : `${source.file}${source.line === undefined ? "" : `:${source.line}`}`;
  if (source.resource === undefined) return place;
  const resource = `${source.resource}${source.field ? ` (${source.field})` : ""}`;
  return place === "" ? resource : `${resource}, ${place}`;
}
