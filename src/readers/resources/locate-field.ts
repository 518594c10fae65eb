import { EVENT_ID, type Event, getScalarValue, parseEvents } from "js-yaml";
import type { FieldPath } from "../../kubernetes/field.ts";

/** Both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * The place of a field in a YAML or JSON text: its value, or where the path breaks off, the value reached so far.
 * Null when the text cannot be parsed. Parses the text anew: for findings only.
 */
export function locateField(text: string, path: FieldPath): Position | null {
  let events: readonly Event[];
  try {
    events = parseEvents(text, {});
  } catch {
    return null;
  }
  let at = events.findIndex((event) => event.type !== EVENT_ID.DOCUMENT);
  let place = startOf(events[at]);
  for (const part of path) {
    const next = typeof part === "number" ? elementAt(events, at, part) : memberValue(text, events, at, part);
    if (next === null) break;
    at = next;
    place = startOf(events[at]) ?? place;
  }
  return place === null ? null : positionOf(text, place);
}

/** The place of the key that a path ends with; its value's where the path ends with none. */
export function locateKey(text: string, path: FieldPath): Position | null {
  const value = locateField(text, path);
  const key = path.at(-1);
  if (value === null || typeof key !== "string") return value;
  // the key stands before its value, on the same line or on one before it
  const lines = text.split("\n");
  for (let line = value.line; line >= 1; line--) {
    const whole = lines[line - 1] ?? "";
    const before = line === value.line ? whole.slice(0, value.column - 1) : whole;
    const column = before.lastIndexOf(key);
    if (column >= 0) return { line, column: column + 1 };
  }
  return value;
}

/** The places of all elements of a list, from one parse; none when there is no such list. */
export function locateElements(text: string, list: FieldPath): readonly Position[] {
  let events: readonly Event[];
  try {
    events = parseEvents(text, {});
  } catch {
    return [];
  }
  let at: number | null = events.findIndex((event) => event.type !== EVENT_ID.DOCUMENT);
  for (const part of list) {
    if (at === null) return [];
    at = typeof part === "number" ? elementAt(events, at, part) : memberValue(text, events, at, part);
  }
  const places: Position[] = [];
  if (at === null || events[at]?.type !== EVENT_ID.SEQUENCE) return places;
  for (let i = at + 1; i < events.length && events[i]?.type !== EVENT_ID.POP; i = skip(events, i)) {
    places.push(positionOf(text, startOf(events[i]) ?? 0));
  }
  return places;
}

function startOf(event: Event | undefined): number | null {
  if (event === undefined) return null;
  if (event.type === EVENT_ID.SEQUENCE || event.type === EVENT_ID.MAPPING) return event.start;
  if (event.type === EVENT_ID.SCALAR) return event.valueStart;
  return event.type === EVENT_ID.ALIAS ? event.anchorStart : null;
}

/** Index of the event after the value that begins at `at`. */
function skip(events: readonly Event[], at: number): number {
  let depth = 0;
  for (let i = at; i < events.length; i++) {
    const type = events[i]?.type;
    if (type === EVENT_ID.POP) depth--;
    else if (type === EVENT_ID.SEQUENCE || type === EVENT_ID.MAPPING) depth++;
    if (depth <= 0) return i + 1;
  }
  return events.length;
}

function elementAt(events: readonly Event[], sequence: number, index: number): number | null {
  if (events[sequence]?.type !== EVENT_ID.SEQUENCE) return null;
  let i = sequence + 1;
  for (let n = 0; n < index && events[i]?.type !== EVENT_ID.POP; n++) i = skip(events, i);
  return events[i] === undefined || events[i]?.type === EVENT_ID.POP ? null : i;
}

function memberValue(text: string, events: readonly Event[], mapping: number, key: string): number | null {
  if (events[mapping]?.type !== EVENT_ID.MAPPING) return null;
  let i = mapping + 1;
  while (i < events.length && events[i]?.type !== EVENT_ID.POP) {
    const event = events[i];
    const value = skip(events, i);
    if (event?.type === EVENT_ID.SCALAR && getScalarValue(text, event) === key) return value;
    i = skip(events, value);
  }
  return null;
}

function positionOf(text: string, offset: number): Position {
  let line = 1;
  let lineStart = 0;
  for (let end = text.indexOf("\n"); end >= 0 && end < offset; end = text.indexOf("\n", end + 1)) {
    line++;
    lineStart = end + 1;
  }
  return { line, column: offset - lineStart + 1 };
}
