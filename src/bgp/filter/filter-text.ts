import type { BirdFilterUse } from "../../model/bird/configuration.ts";
import type { FilterEnvironment } from "./evaluate.ts";
import type { FilterHost } from "./find-neighbour.ts";

const texts = new WeakMap<FilterEnvironment, WeakMap<BirdFilterUse, string>>();

/**
 * All that a filter does, as text: its statements, with those of the functions that it calls, wherever they stand. Made once for all
 * protocols that have the filter from one template.
 */
export function filterText(use: BirdFilterUse, environment: FilterEnvironment): string {
  // most of all, and without anything to write out
  if (use.kind === "all" || use.kind === "none") return use.kind;
  let ofEnvironment = texts.get(environment);
  if (ofEnvironment === undefined) {
    ofEnvironment = new WeakMap();
    texts.set(environment, ofEnvironment);
  }
  const known = ofEnvironment.get(use);
  if (known !== undefined) return known;
  const made = textOf(use, environment);
  ofEnvironment.set(use, made);
  return made;
}

/** The same, with the host where what the filter does depends on its links. */
export function filterTextOn({ host }: FilterHost, use: BirdFilterUse, environment: FilterEnvironment): string {
  const text = filterText(use, environment);
  return SETS_LINK.test(text) ? `${text} on ${host.name}` : text;
}

const SETS_LINK = /target:\{[^{}]*name:"(?:gw|ifname)"/;

function textOf(use: BirdFilterUse, environment: FilterEnvironment): string {
  const called = new Map<string, string>();
  // written by hand: JSON.stringify with a replacer takes ten times as long, and each daemon has filters of its own
  const walk = (value: unknown): string => {
    if (typeof value === "string") {
      if (!called.has(value)) {
        const meant =
          environment.functions.get(value) ??
          environment.filters.get(value) ??
          environment.constants.get(value) ??
          environment.roaTables.get(value) ??
          null;
        if (meant !== null) {
          called.set(value, "");
          called.set(value, walk(meant));
        }
      }
      return JSON.stringify(value);
    }
    if (typeof value !== "object") return String(value);
    if (Array.isArray(value)) {
      let list = "[";
      for (const one of value) list += `${walk(one)},`;
      return `${list}]`;
    }
    if (!isRecord(value)) return "null";
    let text = "{";
    for (const key in value) {
      if (key === "origin" || key === "column") continue;
      text += `${key}:${walk(value[key])},`;
    }
    return `${text}}`;
  };
  const own = walk(use);
  return `${own} ${[...called.values()].join(" ")}`;
}

/** Whether it is an object, whose parts are then looked into without knowing which it has. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
