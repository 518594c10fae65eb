import { EVENT_ID, type Event, getScalarValue, parseEvents } from "js-yaml";
import type { FieldPath } from "../../kubernetes/field.ts";
import type { Position } from "./locate-field.ts";

/** Where fields stand in one text. */
export interface FieldLocator {
  /** The place of a field's value, or where the path breaks off, of the value reached so far; null when the text cannot be parsed. */
  value(path: FieldPath): Position | null;
  /** The place of the key that a path ends with; its value's where there is none. */
  key(path: FieldPath): Position | null;
}

/** A value and what is in it, by key or position; offsets into the text. */
interface Node {
  readonly start: number;
  readonly keyStart: number;
  readonly children: ReadonlyMap<string | number, Node>;
}

/** Finds the fields of a YAML or JSON text after one parse, made when the first is asked for. Linear in the size of the text. */
export function fieldLocator(text: string): FieldLocator {
  let index: { readonly top: Node | null; readonly lines: readonly number[] } | null = null;
  const find = (path: FieldPath): { readonly node: Node; readonly whole: boolean } | null => {
    index ??= { top: treeOf(text), lines: lineStarts(text) };
    let node = index.top;
    if (node === null) return null;
    for (const part of path) {
      const next: Node | undefined = node.children.get(part);
      if (next === undefined) return { node, whole: false };
      node = next;
    }
    return { node, whole: true };
  };
  const position = (offset: number): Position => {
    const lines = index?.lines ?? [0];
    let low = 0;
    let high = lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((lines[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (lines[low] ?? 0) + 1 };
  };
  return {
    value: (path) => {
      const found = find(path);
      return found === null ? null : position(found.node.start);
    },
    key: (path) => {
      const found = find(path);
      if (found === null) return null;
      return position(found.whole && found.node.keyStart >= 0 ? found.node.keyStart : found.node.start);
    },
  };
}

function treeOf(text: string): Node | null {
  let events: readonly Event[];
  try {
    events = parseEvents(text, {});
  } catch {
    return null;
  }
  let at = events.findIndex((event) => event.type !== EVENT_ID.DOCUMENT);
  if (at < 0) return null;
  const read = (keyStart: number): Node => {
    const event = events[at++];
    const children = new Map<string | number, Node>();
    if (event?.type === EVENT_ID.SEQUENCE) {
      while (isOpen(events[at])) children.set(children.size, read(-1));
      at++;
    } else if (event?.type === EVENT_ID.MAPPING) {
      while (isOpen(events[at])) {
        const key = events[at];
        const name = key?.type === EVENT_ID.SCALAR ? getScalarValue(text, key) : null;
        const { start } = read(-1);
        if (!isOpen(events[at])) break;
        const value = read(start);
        if (name !== null && !children.has(name)) children.set(name, value);
      }
      at++;
    }
    return { start: startOf(event), keyStart, children };
  };
  return read(-1);
}

function isOpen(event: Event | undefined): boolean {
  return event !== undefined && event.type !== EVENT_ID.POP;
}

function startOf(event: Event | undefined): number {
  if (event?.type === EVENT_ID.SEQUENCE || event?.type === EVENT_ID.MAPPING) return event.start;
  if (event?.type === EVENT_ID.SCALAR) return event.valueStart;
  return event?.type === EVENT_ID.ALIAS ? event.anchorStart : 0;
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
