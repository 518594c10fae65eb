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
