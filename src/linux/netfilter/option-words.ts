import type { GivenOption, OptionSpec } from "./extension.ts";

/**
 * Reads the words after `-m NAME` or `-j NAME` by the extension's options. A `!` before an option negates it; the
 * spelling before iptables 1.4.3, `--dport ! 80`, is understood too, as old dumps have it.
 */
export function readOptions(
  specs: Readonly<Record<string, OptionSpec>>,
  words: readonly string[],
): { readonly given: readonly GivenOption[] } | { readonly problem: string } {
  const given: GivenOption[] = [];
  let at = 0;
  while (at < words.length) {
    let word = words[at++] ?? "";
    let invert = false;
    if (word === "!") {
      const next = words[at++];
      if (next === undefined) return { problem: "a ! stands at the end" };
      word = next;
      invert = true;
    }
    const equals = word.indexOf("=");
    const spelling = word.startsWith("--") ? word.slice(2, equals < 0 ? undefined : equals) : "";
    const name = optionName(specs, spelling);
    if (name === null) return { problem: `unknown option "${word}"` };
    const spec = specs[name];
    if (spec === undefined) return { problem: `unknown option "${word}"` };
    if (given.some((option) => option.name === name)) return { problem: `option "--${name}" stands twice` };
    const values: string[] = equals < 0 ? [] : [word.slice(equals + 1)];
    if (equals < 0 && spec.negatable && !invert && spec.values === 1 && words[at] === "!") {
      const next = words[at + 1];
      if (next !== undefined && !next.startsWith("-")) {
        invert = true;
        at++;
      }
    }
    if (invert && !spec.negatable) return { problem: `option "--${name}" cannot be negated` };
    if (spec.values === "optional") {
      const next = words[at];
      if (values.length === 0 && next !== undefined && next !== "!" && !next.startsWith("-")) {
        values.push(next);
        at++;
      }
    } else {
      while (values.length < spec.values) {
        const next = words[at++];
        if (next === undefined) return { problem: `option "--${name}" requires ${plural(spec.values)}` };
        values.push(next);
      }
      if (values.length > spec.values) return { problem: `option "--${name}" takes no value` };
    }
    given.push({ name, invert, values });
  }
  return { given };
}

function plural(count: number): string {
  return count === 1 ? "an argument" : `${count} arguments`;
}

/** The canonical name of an option spelled without its dashes; null when the extension has no such option. */
export function optionName(specs: Readonly<Record<string, OptionSpec>>, spelling: string): string | null {
  if (Object.hasOwn(specs, spelling)) return spelling;
  for (const name of Object.keys(specs)) if (specs[name]?.aliases?.includes(spelling)) return name;
  return null;
}

/** The option of that canonical name, if it was given. */
export function givenOption(given: readonly GivenOption[], name: string): GivenOption | undefined {
  return given.find((option) => option.name === name);
}

/** The first value of the option of that name; null when it was not given. */
export function givenValue(given: readonly GivenOption[], name: string): string | null {
  return givenOption(given, name)?.values[0] ?? null;
}

/** `! --name value…`, as iptables-save spells an option. */
export function optionWords(name: string, invert: boolean, ...values: readonly string[]): readonly string[] {
  return invert ? ["!", `--${name}`, ...values] : [`--${name}`, ...values];
}
