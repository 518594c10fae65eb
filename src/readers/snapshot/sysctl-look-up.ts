import { once } from "../../model/once.ts";
import { type CompletedSysctls, type DumpedSysctls, tellsAll, valueOfGap } from "./assumed-sysctls.ts";

/** What a dump looks like in which keys can be found by their text: nothing that `dumpLines` would repair or leave out. */
const PLAIN = /^[\t\n\x20-\x7e]*$/;

/**
 * Looks keys up in the text of `sysctl -a` without reading all of it: a node with a hundred pods has ten thousand lines, of
 * which a packet needs forty. All lines whose key ends with the wanted name are read, by `read`, and remembered. Null for a
 * text in which a key may stand otherwise: it is to be read whole.
 */
export function sysctlLookUp(text: string, read: (lines: string) => ReadonlyMap<string, string>): DumpedSysctls | null {
  if (!PLAIN.test(text)) return null;
  const byName = new Map<string, ReadonlyMap<string, string>>();
  return {
    get(key) {
      const name = key.slice(key.lastIndexOf(".") + 1);
      const known = byName.get(name) ?? read(linesOf(text, name));
      byName.set(name, known);
      return known.get(key);
    },
  };
}

/** The lines in which the name stands before an equals sign, or a colon as `grep . -r /proc/sys` prints it. */
function linesOf(text: string, name: string): string {
  const lines: string[] = [];
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    let next = at + name.length;
    while (text[next] === " " || text[next] === "\t") next++;
    if (text[next] !== "=" && text[next] !== ":") continue;
    const end = text.indexOf("\n", next);
    lines.push(text.slice(text.lastIndexOf("\n", at) + 1, end < 0 ? text.length : end));
    if (end < 0) break;
    at = end;
  }
  return lines.join("\n");
}

/**
 * The sysctls of a dump of which keys are looked up one by one, until somebody wants all of them.
 *
 * @param assumed what is assumed where the dump has no value
 */
export function openSysctls(
  dumped: DumpedSysctls,
  assumed: () => DumpedSysctls,
  readAll: () => CompletedSysctls,
): CompletedSysctls {
  const isWhole = tellsAll(dumped);
  const values = new Map<string, string | undefined>();
  const look = (key: string): string | undefined => {
    if (values.has(key)) return values.get(key);
    const value = dumped.get(key) ?? valueOfGap(key, dumped, assumed(), isWhole);
    values.set(key, value);
    return value;
  };
  const all = once(readAll);
  return {
    sysctls: {
      get: look,
      has: (key) => look(key) !== undefined,
      get size() {
        return all().sysctls.size;
      },
      forEach: (action) => all().sysctls.forEach(action),
      entries: () => all().sysctls.entries(),
      keys: () => all().sysctls.keys(),
      values: () => all().sysctls.values(),
      [Symbol.iterator]: () => all().sysctls[Symbol.iterator](),
    },
    dumpedSysctls: {
      has: (key) => dumped.get(key) !== undefined,
      get size() {
        return all().dumpedSysctls.size;
      },
      forEach: (action) => all().dumpedSysctls.forEach(action),
      entries: () => all().dumpedSysctls.entries(),
      keys: () => all().dumpedSysctls.keys(),
      values: () => all().dumpedSysctls.values(),
      [Symbol.iterator]: () => all().dumpedSysctls[Symbol.iterator](),
    },
    knowledge: isWhole ? "known" : "assumed",
  };
}
