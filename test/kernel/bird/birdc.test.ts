import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { formatPrefix } from "../../../src/net/prefix.ts";
import { readBirdConfiguration } from "../../../src/readers/bird/configuration.ts";
import { printFilter, printFunction } from "../../../src/readers/bird/print.ts";
import { readBirdc } from "../../../src/readers/birdc/birdc.ts";
import { fixture } from "../../readers/fixture.ts";
import { fetchBird } from "./fetch-bird.ts";

const LAB = fileURLToPath(new URL("lab.py", import.meta.url));
const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-bird-"));

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

interface Said {
  readonly config: string;
  readonly birdc: Readonly<Record<string, string>>;
  readonly socket: Readonly<Record<string, string>>;
}

describe.each([
  ["1.6", "bird"],
  ["2", "bird2"],
] as const)("a real BIRD %s", (version, name) => {
  const folder = fetchBird(name, SCRATCH);

  test.skipIf(folder === null)("says nothing that the reader does not understand, by birdc and by its socket", () => {
    const said: Said = JSON.parse(execFileSync("python3", [LAB, folder ?? "", version], { encoding: "utf8" }));
    for (const answers of [said.birdc, said.socket]) {
      for (const [command, text] of Object.entries(answers)) {
        const { evidence, findings } = readBirdc(text, command, originTable());
        expect(findings, text).toEqual([]);
        if (command.startsWith("show protocols")) {
          const states = evidence.bgpSessions.map((session) => `${session.name} ${session.kind} ${session.state}`);
          expect(states).toEqual(["Mesh_10_9_0_2 mesh up", "Global_10_9_0_77 global start"]);
        }
        if (command.startsWith("show route")) {
          const routes = evidence.birdRoutes.map(
            ({ destination, protocol, primary }) => `${formatPrefix(destination)} ${protocol} ${primary}`,
          );
          expect(routes).toContain("192.168.2.0/26 Mesh_10_9_0_2 true");
          expect(routes).toContain("192.168.1.0/26 static1 true");
          const multipath = evidence.birdRoutes.find(
            ({ destination }) => formatPrefix(destination) === "192.168.66.0/24",
          );
          expect(multipath?.nextHops.map(({ weight }) => weight)).toEqual([2, 1]);
        }
        if (command === "show status") expect(evidence.birds).toMatchObject([{ routerId: { family: 4 } }]);
      }
    }
    expect(readBirdConfiguration(said.config, "bird.cfg", originTable()).findings).toEqual([]);
  });
});

test("what is printed of filters, BIRD 1.6 takes", (context) => {
  const folder = fetchBird("bird", SCRATCH);
  if (folder === null) return context.skip();
  const text = fixture("bird/fixtures/people.cfg");
  const { configuration } = readBirdConfiguration(text, "f", originTable());
  const trees = [...configuration.functions.map(printFunction), ...configuration.filters.map(printFilter)].join("\n");
  const file = join(SCRATCH, "printed.cfg");
  const constants = text.split("\n").filter((line) => line.startsWith("define"));
  writeFileSync(file, ["router id 10.0.0.1;", ...constants, trees, "protocol device { }", ""].join("\n"));
  expect(() => execFileSync(join(folder, "bird"), ["-p", "-c", file], { stdio: "pipe" })).not.toThrow();
});
