/** A file beside the configuration, for `include`. */
export interface IncludedFile {
  readonly path: string;
  readonly text: string;
}

/** The files that an `include` names in the file `from`, in the order in which BIRD reads them; none: they are not there. */
export type Includes = (name: string, from: string) => readonly IncludedFile[];

/**
 * Finds what is included among the files of a machine's folder, by their paths in it. A relative name counts from the file in which it stands;
 * of an absolute one (`/etc/bird/peers/*.conf`) as much of the end counts as is there. Wildcards are those of glob() without braces, in
 * the order of names (cf_include of conf/cf-lex.l, BIRD 1.6).
 */
export function includesAmong(files: ReadonlyMap<string, IncludedFile>): Includes {
  const names = new Map([...files].map(([name, { path }]) => [path, name]));
  const sorted = [...files.keys()].sort();
  const matching = (pattern: string, other: string | null): readonly IncludedFile[] => {
    const parts = pattern.split("/").map(signsOf);
    return sorted.flatMap((name) => {
      const file = files.get(name);
      if (file === undefined || name === other) return [];
      const own = name.split("/");
      return own.length === parts.length && own.every((part, index) => fits(part, parts[index] ?? [])) ? [file] : [];
    });
  };
  return (name, from) => {
    const own = names.get(from) ?? from;
    const folder = own.slice(0, own.lastIndexOf("/") + 1);
    if (!name.startsWith("/")) return matching(normal(`${folder}${name}`), null);
    const parts = name.split("/").filter((part) => part !== "");
    for (let cut = 0; cut < parts.length; cut++) {
      const found = matching(parts.slice(cut).join("/"), cut > 0 ? own : null);
      if (found.length > 0) return found;
    }
    return [];
  };
}

/** Without `./` and `../`. */
function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

type Sign = "*" | ((character: string) => boolean);

/** The signs of one part of a pattern: `*`, `?`, `[a-z]`, `[!a]`, and characters that stand for themselves. */
function signsOf(part: string): readonly Sign[] {
  return [...part.matchAll(/\*+|\?|\[(!?)([^\]]+)\]|[\s\S]/gu)].map(([text, not, inside]): Sign => {
    if (text.startsWith("*")) return "*";
    if (text === "?") return () => true;
    if (inside === undefined) return (character) => character === text;
    const ranges = [...inside.matchAll(/([\s\S])-([\s\S])|[\s\S]/gu)].map(([one, low = one, high = one]) => ({
      low,
      high,
    }));
    return (character) => ranges.some(({ low, high }) => character >= low && character <= high) === (not === "");
  });
}

/** glob() of one part of a name: names that begin with a dot are left to patterns that do, too. */
function fits(part: string, signs: readonly Sign[]): boolean {
  const text = [...part];
  let at = 0;
  let want = 0;
  let star = -1;
  let resume = 0;
  if (part.startsWith(".") && signs[0] === "*") return false;
  while (at < text.length) {
    const sign = signs[want];
    if (sign === "*") {
      star = want++;
      resume = at;
    } else if (sign?.(text[at] ?? "") === true) {
      at++;
      want++;
    } else if (star >= 0) {
      want = star + 1;
      at = ++resume;
    } else return false;
  }
  while (signs[want] === "*") want++;
  return want === signs.length;
}
