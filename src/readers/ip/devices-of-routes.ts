import { type Interface, networkInterface } from "../../model/interface.ts";
import { type OriginTable, originAt, originFile } from "../../model/origin.ts";
import { kindByName } from "./interface-kind.ts";

/** Interfaces that dumps of routes name and that are not among those known: up, with an MTU of 1500. */
export function devicesOfRoutes(
  files: readonly { readonly path: string; readonly text: string }[],
  known: ReadonlyMap<string, unknown>,
  origins: OriginTable,
): readonly Interface[] {
  const found = new Map<string, Interface>();
  for (const { path, text } of files) {
    const file = originFile(origins, path);
    let line = 1;
    let from = 0;
    for (const match of text.matchAll(/\bdev (\S+)|"dev": *"([^"]+)"/g)) {
      for (; from < match.index; from++) if (text[from] === "\n") line++;
      const name = match[1] ?? match[2] ?? "";
      if (known.has(name) || found.has(name)) continue;
      found.set(name, networkInterface({ name, kind: kindByName(name), origin: originAt(origins, file, line) }));
    }
  }
  return [...found.values()];
}
