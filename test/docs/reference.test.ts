import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCommand } from "../../src/cli/program.ts";
import { isModelledMatch } from "../../src/linux/netfilter/matches/table.ts";
import { isModelledTarget } from "../../src/linux/netfilter/targets/table.ts";
import { networkInterface } from "../../src/model/interface.ts";
import { assumedSysctls } from "../../src/readers/snapshot/assumed-sysctls.ts";
import { FILE_ROLES } from "../../src/readers/snapshot/files.ts";
import { documents } from "./documents.ts";
import { ROOT } from "./root.ts";

/** The reference lists are complete: what the code knows is named, and what is named the code knows. */

function textOf(path: string): string {
  const found = documents.find((document) => document.path === path);
  if (found === undefined) throw new Error(`there is no ${path}`);
  return found.text;
}

/** The first cells of a table's rows below a heading, without their code marks. */
function firstCells(path: string, heading: string): readonly string[] {
  const section = textOf(path).split(`\n${heading}\n`)[1]?.split(/\n#+ /)[0] ?? "";
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1] ?? "");
}

function modules(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder)).map((file) => file.replace(/\.ts$/, ""));
}

describe("docs/reference/matches-and-targets.md", () => {
  const path = "docs/reference/matches-and-targets.md";

  test("lists every match", () => {
    expect([...firstCells(path, "## Matches")].sort()).toEqual(
      modules("src/linux/netfilter/matches").filter(isModelledMatch).sort(),
    );
  });

  test("lists every target", () => {
    const targets = modules("src/linux/netfilter/targets")
      .map((name) => name.toUpperCase())
      .filter(isModelledTarget);
    expect([...firstCells(path, "## Targets")].sort()).toEqual(targets.sort());
  });
});

describe("docs/reference/snapshot.md", () => {
  test("names every file of a machine's folder", () => {
    const text = textOf("docs/reference/snapshot.md");
    expect([...FILE_ROLES.keys()].filter((stem) => !text.includes(`\`${stem}.`))).toEqual([]);
  });
});

describe("docs/reference/assumptions.md", () => {
  test("names every assumed sysctl and its value on a node", () => {
    const text = textOf("docs/reference/assumptions.md");
    const devices = [networkInterface({ name: "eth0" }), networkInterface({ name: "caliacd53aa4120" })];
    const lines = [...assumedSysctls("node", devices, true)]
      .filter(([key]) => !/\.(?:all|default)\./.test(key))
      .map(([key, value]) => [key.replace(".eth0.", ".*.").replace(".caliacd53aa4120.", ".cali*."), value] as const)
      .map(([key, value]) => `| \`${key}\` | ${value} |`);
    const general = new Set(lines.filter((line) => !line.includes("cali*")));
    const special = lines.filter((line) => line.includes("cali*") && !general.has(line.replace("cali*", "*")));
    expect([...general, ...special].filter((line) => !text.includes(line))).toEqual([]);
  });
});

describe("docs/cli", () => {
  const common = optionsIn(
    textOf("docs/cli/trace.md").split("Options of every command:")[1]?.split("\n[Exit")[0] ?? "",
  );

  test.each(["trace", "probe", "run", "check", "explain", "explain-rule", "render", "bird", "ipam"])(
    "%s.md has the options of the command",
    async (command) => {
      let help = "";
      const io = {
        stdout: { write: (text: string) => (help += text) },
        stderr: { write: () => true },
        stdin: nothing(),
        env: {},
      };
      const commands = command === "ipam" ? ["ipam show", "ipam check"] : [command];
      for (const one of commands) expect(await runCommand([...one.split(" "), "--help"], io)).toBe(0);
      const real = optionsIn(help);
      const written = optionsIn(withoutExamples(textOf(`docs/cli/${command}.md`)));
      expect([...real].filter((option) => !written.has(option) && !common.has(option) && option !== "--help")).toEqual(
        [],
      );
      expect([...written].filter((option) => !real.has(option))).toEqual([]);
    },
  );
});

/** Without example commands and example files, which hold options of other commands. */
function withoutExamples(text: string): string {
  return text.replace(/```console\n[\s\S]*?```|<!-- file: .*\n```[\s\S]*?```/g, "");
}

function optionsIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/(?<![\w-])(--[a-z][a-z-]*)/g)].map((match) => match[1] ?? ""));
}

async function* nothing(): AsyncIterable<unknown> {}
