import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isKnownMatch, isKnownTarget } from "../../src/linux/netfilter/known-extensions.ts";
import { printRule } from "../../src/readers/iptables/print.ts";
import { readRule } from "../../src/readers/iptables/rule.ts";
import { splitWords } from "../../src/readers/iptables/words.ts";

/** Where Debian's iptables keeps its extensions. */
const FOLDERS = ["/usr/lib/x86_64-linux-gnu/xtables", "/usr/lib/aarch64-linux-gnu/xtables", "/usr/lib64/xtables"];
const folder = FOLDERS.find((path) => existsSync(path));

/** The verdicts, and an object that holds several NAT targets. */
const NO_EXTENSIONS: ReadonlySet<string> = new Set(["standard", "NAT"]);

/** `libxt_tcp.so` is for both families, `libipt_…` and `libip6t_…` for one; upper case is a target. */
function shipped(): readonly { readonly name: string; readonly families: readonly (4 | 6)[] }[] {
  return readdirSync(folder ?? "").flatMap((file) => {
    const [, kind, name = ""] = /^lib(xt|ipt|ip6t)_(\w+)\.so$/.exec(file) ?? [];
    if (kind === undefined || NO_EXTENSIONS.has(name)) return [];
    return [{ name, families: kind === "xt" ? ([4, 6] as const) : kind === "ipt" ? ([4] as const) : ([6] as const) }];
  });
}

describe.skipIf(folder === undefined)("every extension that the iptables of this machine ships", () => {
  it("is known by its name, in its families", () => {
    const extensions = shipped();
    expect(extensions.length).toBeGreaterThan(80);
    // `osf` lies among those of both families, and ip6tables cannot load it.
    const unknown = extensions.flatMap(({ name, families }) =>
      families
        .filter(
          (family) => !(name === "osf" && family === 6) && !(isKnownMatch(name, family) || isKnownTarget(name, family)),
        )
        .map((family) => `${name} IPv${family}`),
    );
    expect(unknown).toEqual([]);
  });

  it("is printed back with its words where podpath does not model it, and is never skipped in silence", () => {
    for (const { name, families } of shipped()) {
      for (const family of families) {
        const target = name.toUpperCase() === name;
        const words = target ? `-j ${name} --no-such-option 7` : `-m ${name} --no-such-option 7 -j ACCEPT`;
        const scope = { family, isChain: () => false, counters: null, origin: 0 };
        const { rules, problems } = readRule(splitWords(words).words, scope);
        expect([words, problems.length > 0]).toEqual([words, true]);
        expect(rules.map((rule) => printRule(rule, family))).toEqual([words]);
      }
    }
  });
});
