import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { hostSessions } from "../../src/analysis/bgp-evidence.ts";
import { reconverge } from "../../src/analysis/reconverge.ts";
import { sessionDisagreements } from "../../src/analysis/session-disagreements.ts";
import { choicesOf } from "../../src/bgp/reconverge.ts";
import { readFolder } from "../../src/cli/read-files.ts";
import { readEvidence } from "../../src/readers/evidence/read-evidence.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";
import { sessionDisagreementFindings } from "../../src/report/session-disagreement-findings.ts";

const CAPTURES = fileURLToPath(new URL("../../scenarios/debian-firewall-blocks-bgp", import.meta.url));

function textOf(capture: string, path: string): string {
  return readFileSync(join(CAPTURES, capture, "snapshot", path), "utf8");
}

/** The dumps of one capture with the firewall of another, and some texts changed. */
function told(name: string, rules: string, change = (_path: string, text: string): string => text) {
  const read = (folder: string) => readFolder(join(CAPTURES, folder, "snapshot"));
  const files = new Map(read(name));
  for (const [path, text] of read(rules)) if (/^nodes\/[^/]+\/ip.*-save\.txt$/.test(path)) files.set(path, text);
  for (const path of files.keys()) if (path.endsWith("nft-ruleset.txt")) files.delete(path);
  for (const path of files.keys()) {
    if (/bird[^/]*$/.test(path)) files.set(path, change(path, textOf(name, path)));
  }
  const { network, machines, factEvidence } = readSnapshot({ name, files });
  const { evidence } = readEvidence(machines, network.origins, factEvidence);
  const anew = reconverge(network, evidence);
  const found = sessionDisagreements(network, hostSessions(evidence), anew);
  return sessionDisagreementFindings(network, found, choicesOf(anew.run));
}

describe("dumped sessions and those of BGP that starts anew", () => {
  test.each(["healthy", "bgp-blocked", "bgp-blocked-by-reject", "forwarding-off-at-destination"])(
    "say the same in the capture %s, so far as both say something of now",
    (name) => {
      expect(told(name, name).filter(({ severity }) => severity !== "info")).toEqual([]);
    },
  );

  test("differ where sessions were made before the rules that drop their SYNs: the rule is named, and why they still stand", () => {
    const findings = told("healthy", "bgp-blocked");
    // the greater address of a mesh calls the smaller ones: two machines are called, one is not
    expect(findings.map(({ code, severity }) => [code, severity])).toEqual([
      ["bgp-session-otherwise", "warning"],
      ["bgp-session-otherwise", "warning"],
    ]);
    for (const { message, file, line, related } of findings) {
      expect(lineOf("healthy", file, line)).toMatch(/^Mesh_\S+ BGP +master +up .* Established/);
      expect(message).toMatch(
        /says of Mesh_\S+ “Established” since \d.*started anew from \S+bird.cfg:\d+ it is “Connect”/,
      );
      expect(lineOf("healthy", related?.[0]?.file, related?.[0]?.line)).toMatch(/^protocol bgp Mesh_/);
      const rule = /by the policy of filter INPUT, (\S+):(\d+)/.exec(message);
      expect(lineOf("bgp-blocked", rule?.[1], Number(rule?.[2]))).toMatch(/^:INPUT DROP/);
      expect(message).toContain("a connection that was there before lives on where the rules let ESTABLISHED through");
    }
  });

  test("differ where nothing in the dumps keeps a session down", () => {
    const findings = told("bgp-blocked", "healthy");
    expect(findings.map(({ severity }) => severity)).toEqual(["warning", "warning"]);
    const [calls, waits] = findings.map(({ message }) => message);
    expect(calls).toMatch(
      /“Connect” since .* it is “Established”: .* or something keeps it down that the dumps do not show/,
    );
    expect(calls).toContain("no answer comes to its SYN: a firewall drops it, or the TCP MD5 passwords differ");
    expect(waits).toMatch(/“Passive” since .* it waits to be called/);
  });

  test("differ in what they say of a session that stands in neither, which may be of two times", () => {
    const findings = told("bgp-blocked-by-reject", "bgp-blocked-by-reject", (path, text) =>
      path.endsWith("birdc-protocols.txt") ? text.replaceAll(/Socket: .*$/gm, "Socket: No route to host") : text,
    );
    const [first] = findings.filter(({ message }) => message.includes("No route to host"));
    expect(first?.severity).toBe("info");
    expect(first?.message).toContain(
      "BIRD shows the last error until the session stands again: “Socket: No route to host”",
    );
  });

  test("are not compared where the neighbour's configuration is not known, or the session is not listed", () => {
    const without = (name: string) => (path: string, text: string) => (path.endsWith(name) ? "" : text);
    expect(told("healthy", "bgp-blocked", without("bird.cfg"))).toEqual([]);
    expect(told("healthy", "bgp-blocked", without("birdc-protocols.txt"))).toEqual([]);
  });
});

function lineOf(capture: string, file: string | undefined, line: number | undefined): string {
  return textOf(capture, file ?? "").split("\n")[(line ?? 0) - 1] ?? "";
}
