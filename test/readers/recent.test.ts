import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { originTable } from "../../src/model/origin.ts";
import { formatAddress } from "../../src/net/address.ts";
import { readRecent } from "../../src/readers/recent.ts";

/** As a kernel with 250 jiffies in a second printed it, 36120.9 s after its start. */
const CLOCK = "now at 36120902512703 nsecs\njiffies: 4303922441\n";
const ENTRY = "src=127.0.0.9 ttl: 64 last_seen: 4303922436 oldest_pkt: 3 4303922356, 4303922432, 4303922436";

function read(text: string) {
  const { lists, findings } = readRecent(text, "xt-recent.txt", originTable());
  const entries = [...lists].map(
    ([name, records]) =>
      [name, records.map(({ address, ttl, ages, next }) => [formatAddress(address), ttl, ages, next])] as const,
  );
  return { lists: Object.fromEntries(entries), codes: findings.map(({ code, line }) => [code, line]) };
}

describe("lists of -m recent", () => {
  it("are read as tail -v prints them, empty ones too", () => {
    const text = `==> /proc/net/xt_recent/OTHER <==\n\n==> /proc/net/xt_recent/SEEN <==\n${ENTRY}\n${CLOCK}`;
    expect(read(text)).toEqual({
      lists: { OTHER: [], SEEN: [["127.0.0.9", 64, [85 / 250, 9 / 250, 5 / 250], 3]] },
      codes: [],
    });
  });

  it("are read as grep -H prints them, and in IPv6", () => {
    const six = ENTRY.replace("127.0.0.9", "fd00:000a:0000:0000:0000:0000:0000:0130");
    expect(read(`/proc/net/xt_recent/SEEN:${six}\n${CLOCK}`).lists["SEEN"]?.[0]?.[0]).toBe("fd00:a::130");
  });

  it.each([100, 250, 300, 1000])("know the age of a packet at %i jiffies in a second", (rate) => {
    const seconds = 86_400;
    const now = 2 ** 32 + rate * (seconds - 300);
    const text = `==> a <==\nsrc=10.0.0.1 ttl: 64 last_seen: ${now - 7 * rate} oldest_pkt: 1 ${now - 7 * rate}\nnow at ${seconds}000000000 nsecs\njiffies: ${now}\n`;
    expect(read(text).lists["a"]?.[0]?.[2]).toEqual([7]);
  });

  it("do not know it without the time, nor where every rate gives the same", () => {
    const of = (clock: string) => read(`==> a <==\n${ENTRY}\n${clock}`);
    for (const clock of ["", "jiffies: 4303922441\n", "now at 300000000000 nsecs\njiffies: 4294967296\n"]) {
      expect(of(clock).lists["a"]?.[0]?.[2]).toEqual([null, null, null]);
      expect(of(clock).codes).toEqual([["recent-without-clock", undefined]]);
    }
  });

  it("report what is none of them, and entries of no list", () => {
    expect(read(`${ENTRY}\n==> a <==\nsrc=10.0.0.1 ttl: 64\n${ENTRY}\n${CLOCK}`)).toEqual({
      lists: { a: [["127.0.0.9", 64, [85 / 250, 9 / 250, 5 / 250], 3]] },
      codes: [
        ["unknown-line", 1],
        ["unknown-line", 3],
      ],
    });
  });

  it("survive any text", () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom(...`${ENTRY}\n==> a <==\n${CLOCK}`.split(/(?<=[\n ])/)));
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        for (const list of Object.values(read(pieces.join("")).lists)) {
          for (const [, , ages] of list) expect(Array.isArray(ages)).toBe(true);
        }
      }),
    );
  });
});
