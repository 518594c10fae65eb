import type { Finding } from "../model/finding.ts";
import { nearest } from "../model/nearest.ts";
import { type Address, parseAddress } from "../net/address.ts";

export interface Place {
  readonly file: string;
  readonly line: number;
}

/** Collects what is wrong with one object, so that one line gives all its findings. */
export interface Reader {
  readonly object: ReadonlyMap<string, unknown>;
  readonly findings: Finding[];
  readonly place: Place;
  /** Where the object stands inside the packet, with its dot: `assume.`. */
  readonly path: string;
}

/** A name that nobody reads is most often a typing error. */
export function complainOfUnknown(reader: Reader, known: ReadonlySet<string>): void {
  for (const field of reader.object.keys()) {
    if (known.has(field)) continue;
    const letters = (name: string): string => [...name].sort().join("");
    const likely = nearest(field, [...known], 5);
    // of names equally far away, the one whose letters were only mixed up
    const close = likely.find((name) => letters(name) === letters(field)) ?? likely[0];
    reader.findings.push({
      code: "bad-packet-field",
      severity: "error",
      message: `a packet has no "${reader.path}${field}"`,
      ...reader.place,
      ...(close === undefined ? { expected: `one of ${[...known].join(", ")}` } : { advice: `Did you mean ${close}?` }),
    });
  }
}

/** The reader of an object inside the packet; null when the field is absent or no object. */
export function objectIn(reader: Reader, field: string, expected: string): Reader | null {
  const value = reader.object.get(field);
  if (value === undefined || value === null) return null;
  if (typeof value === "object" && !Array.isArray(value)) {
    return { ...reader, object: new Map(Object.entries(value)), path: `${reader.path}${field}.` };
  }
  complain(reader, field, expected);
  return null;
}

export function complain(reader: Reader, field: string, expected: string): void {
  reader.findings.push({
    code: "bad-packet-field",
    severity: "error",
    message: `"${reader.path}${field}" of the packet is not usable`,
    file: reader.place.file,
    line: reader.place.line,
    expected,
  });
}

export function text(reader: Reader, field: string): string | null {
  const value = reader.object.get(field);
  if (value === undefined || value === null) return null;
  if (typeof value === "string") return value;
  if (typeof value === "number" && field === "id") return String(value);
  complain(reader, field, "a string");
  return null;
}

export function integer(reader: Reader, field: string, most: number, otherwise: number): number {
  const value = reader.object.get(field);
  if (value === undefined || value === null) return otherwise;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most) return value;
  complain(reader, field, `a whole number from 0 to ${most}`);
  return otherwise;
}

export function flag(reader: Reader, field: string, otherwise: boolean): boolean {
  const value = reader.object.get(field);
  if (value === undefined || value === null) return otherwise;
  if (typeof value === "boolean") return value;
  complain(reader, field, "true or false");
  return otherwise;
}

export function address(reader: Reader, field: string): Address | null {
  const written = text(reader, field);
  if (written === null) return null;
  const parsed = parseAddress(written);
  if (parsed === null) complain(reader, field, "an IPv4 or IPv6 address");
  return parsed;
}

/** The objects of a list inside the packet, each with a reader of its own; empty when the field is absent or no such list. */
export function objectsIn(reader: Reader, field: string, expected: string): readonly Reader[] {
  const value = reader.object.get(field);
  if (value === undefined || value === null) return [];
  const items: readonly unknown[] = Array.isArray(value) ? value : [null];
  return items.flatMap((item, index) => {
    if (typeof item === "object" && item !== null && !Array.isArray(item)) {
      return [{ ...reader, object: new Map(Object.entries(item)), path: `${reader.path}${field}[${index}].` }];
    }
    complain(reader, field, expected);
    return [];
  });
}
