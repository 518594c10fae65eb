import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { birdInterfaces } from "../../../src/analysis/bird-interfaces.ts";
import { startDaemons } from "../../../src/bgp/reconverge.ts";
import { speakerOf } from "../../../src/bgp/speaker/from-bird.ts";
import { originTable } from "../../../src/model/origin.ts";
import { readBirdConfiguration } from "../../../src/readers/bird/configuration.ts";
import { readBirdc } from "../../../src/readers/birdc/birdc.ts";
import { readEvidence } from "../../../src/readers/evidence/read-evidence.ts";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { interfacesText } from "../../../src/report/bird/interfaces-text.ts";
import { fetchBird } from "./fetch-bird.ts";

const PROGRAM = fileURLToPath(new URL("interfaces.py", import.meta.url));
const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-bird-"));
const folder = fetchBird("bird", SCRATCH);

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

interface Said {
  readonly ip: string;
  readonly said: Readonly<Record<string, string>>;
}

/** What the emulated daemon says on a machine of which `ip -d addr` was dumped. */
function emulated(text: string, family: 4 | 6, summary: boolean): string {
  const { network } = readSnapshot({ name: "s", files: new Map([["nodes/n1/ip-addr.txt", text]]) });
  const { configuration } = readBirdConfiguration(
    "router id 1.1.1.1;\nprotocol device { }\n",
    "bird.cfg",
    originTable(),
  );
  const { speaker } = speakerOf(configuration, family, null);
  if (speaker === null) throw new Error("no configuration");
  const [started] = startDaemons(network, new Map([["n1", [speaker]]])).speakers.get("n1") ?? [];
  if (started === undefined) throw new Error("no daemon");
  return `BIRD 1.6.8 ready.\n${interfacesText(started, summary)}`;
}

const first = Number(process.env["INTERFACES_SEED"] ?? 1);
const count = Number(process.env["INTERFACES_COUNT"] ?? 6);

test.skipIf(folder === null).each(Array.from({ length: count }, (_, index) => first + index))(
  "a real BIRD says of its interfaces what podpath says, and podpath reads it (machine %i)",
  (seed) => {
    const { ip, said }: Said = JSON.parse(
      execFileSync("python3", [PROGRAM, folder ?? "", String(seed)], { encoding: "utf8" }),
    );
    for (const [family, program] of [
      [4, "bird"],
      [6, "bird6"],
    ] as const) {
      for (const summary of [false, true]) {
        const words = `${program} show interfaces${summary ? " summary" : ""}`;
        expect(emulated(ip, family, summary), ip).toBe(said[words]);
        const { findings } = readBirdc(said[words] ?? "", "birdc.txt", originTable());
        expect(findings.filter(({ severity }) => severity !== "info")).toEqual([]);
        const files = new Map([
          ["nodes/n/ip-addr.txt", ip],
          [`nodes/n/${family === 4 ? "birdc" : "birdc6"}-protocols.txt`, said[words] ?? ""],
        ]);
        const snapshot = readSnapshot({ name: "machine", files });
        const { evidence } = readEvidence(snapshot.machines, snapshot.network.origins, snapshot.factEvidence);
        expect(birdInterfaces(snapshot.network, evidence), `${ip}\n${said[words]}`).toEqual([]);
      }
    }
  },
);
