import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compileLimit } from "../../../../src/linux/netfilter/matches/limit.ts";
import { parseRate } from "../../../../src/linux/netfilter/rate.ts";
import type { Family } from "../../../../src/net/address.ts";
import type { Packet } from "../../../../src/net/packet.ts";
import { address, bench, frame, matcher } from "./bench-host.ts";

interface SentPacket extends Partial<Omit<Packet, "src" | "dst">> {
  readonly src: string;
  readonly dst: string;
}
interface Sequence {
  readonly family: Family;
  readonly packets: readonly (readonly [seconds: number, packet: SentPacket])[];
  readonly rules: readonly { readonly rule: string; readonly legacy: string; readonly nft: string }[];
}

const { sequences }: { readonly sequences: readonly Sequence[] } = JSON.parse(
  readFileSync(new URL("kernel-sequences.json", import.meta.url), "utf8"),
);

/** One row of matches for each rule, as the kernel's counters showed them. */
function replay({ family, packets, rules }: Sequence): readonly string[] {
  const on = bench();
  const matches = matcher(
    rules.map(({ rule }) => rule),
    family,
  );
  const rows = rules.map(() => "");
  for (const [seconds, { src, dst, ...fields }] of packets) {
    on.world.now = seconds;
    const skb = frame({ sport: 0, dport: 0, flags: 0, ...fields, src: address(src), dst: address(dst) });
    rules.forEach((_, index) => {
      rows[index] += matches(on, skb, index) ? "1" : "0";
    });
  }
  return rows;
}

describe.each(sequences.map((sequence, index) => [index, sequence] as const))("sequence %i", (_, sequence) => {
  const rows = replay(sequence);
  it.each(sequence.rules.map((rule, index) => [rule.rule, index] as const))("%s", (_rule, index) => {
    expect(rows[index]).toBe(sequence.rules[index]?.nft);
  });
});

describe("-m limit of the legacy backend", () => {
  const rules = sequences.flatMap((sequence) =>
    sequence.rules.filter(({ rule }) => rule.startsWith("-m limit")).map((rule) => ({ ...rule, sequence })),
  );
  it.each(rules.map((rule) => [rule.rule, rule] as const))(
    "loses credit as the kernel does: %s",
    (text, { legacy, sequence }) => {
      const on = bench();
      const [, rate = "", burst = "5"] = /--limit (\S+)(?: --limit-burst (\d+))?/.exec(text) ?? [];
      const match = compileLimit({ period: parseRate(rate) ?? 0, burst: Number(burst) }, "legacy", true);
      if (match.kind !== "call") throw new Error("limit is a call");
      const row = sequence.packets.map(([seconds]) => {
        on.world.now = seconds;
        return match.test(frame(), on.runtime, 2) ? "1" : "0";
      });
      expect(row.join("")).toBe(legacy);
    },
  );
});
