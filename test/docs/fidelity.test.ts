import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DECLARED, fidelityText, readEvidence } from "./fidelity-text.ts";

describe("the fidelity passport", () => {
  const evidence = readEvidence();

  it("is what npm run fidelity would write now", () => {
    expect(readFileSync(new URL("../../docs/fidelity.md", import.meta.url), "utf8")).toBe(fidelityText(evidence));
  });

  it.each(DECLARED)("claims no verification without a compared probe: $title", ({ word, table }) => {
    const bare = Object.entries(table).filter(
      ([name, reason]) => reason === null && (evidence.features[`${word} ${name}`] ?? 0) === 0,
    );
    expect(bare.map(([name]) => name)).toEqual([]);
  });

  it.each(DECLARED)("gives a reason for everything unverified: $title", ({ table }) => {
    for (const [name, reason] of Object.entries(table)) {
      expect(reason === null || reason.length > 10, name).toBe(true);
    }
  });
});
