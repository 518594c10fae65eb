import fc from "fast-check";
import { describe, it } from "vitest";
import type { OptionSpec } from "../../../../src/linux/netfilter/extension.ts";
import { isModelledMatch, matchExtension } from "../../../../src/linux/netfilter/matches/table.ts";
import { readOptions } from "../../../../src/linux/netfilter/option-words.ts";
import type { Family } from "../../../../src/net/address.ts";
import { reprint } from "./rule-text.ts";

const NAMES = (
  "addrtype ah bpf cgroup cluster comment connbytes connlabel connlimit connmark conntrack cpu dccp devgroup dscp dst " +
  "ecn esp eui64 frag hashlimit hbh helper hl icmp icmp6 ipcomp iprange ipv6header ipvs length limit mac mark mh " +
  "multiport nfacct osf owner physdev pkttype policy quota realm recent rpfilter rt sctp set socket state statistic " +
  "string tcp tcpmss time tos ttl u32 udp udplite"
).split(" ");

const value = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom(
    "!",
    "-",
    ":",
    "/",
    ",",
    "-1",
    "0",
    "65536",
    "99999999999",
    "1:2",
    "2:1",
    "0x",
    "1/0",
    "::/0",
    "src,",
    "∞",
  ),
  fc.constantFrom(
    "10.0.0.0/8",
    "fd00::1",
    "NEW,",
    "ESTABLISHED",
    "any",
    "1-",
    "5/",
    "5/fortnight",
    "constructor",
    "__proto__",
  ),
);

function specsOf(name: string): Readonly<Record<string, OptionSpec>> {
  return isModelledMatch(name) ? matchExtension(name).options : {};
}

describe("Any words after -m NAME", () => {
  it("are printed back or refused, and never throw", () => {
    const match = fc.constantFrom(...NAMES).chain((extension) =>
      fc.record({
        extension: fc.constant(extension),
        words: fc.array(
          fc.oneof(value, fc.constantFrom("!", ...Object.keys(specsOf(extension)).map((o) => `--${o}`))),
          {
            maxLength: 6,
          },
        ),
      }),
    );
    const protocol = fc.constantFrom(null, 1, 6, 17, 33, 50, 51, 58, 108, 132, 135, 136);
    fc.assert(
      fc.property(match, protocol, fc.constantFrom<Family>(4, 6), (given, number, family) => {
        reprint(given, { family, protocol: number });
        readOptions(specsOf(given.extension), given.words);
      }),
      { numRuns: 5000 },
    );
  });

  it("print the same again when they are read back", () => {
    const option = fc.constantFrom(...NAMES).chain((extension) =>
      fc
        .array(fc.tuple(fc.boolean(), fc.constantFrom("", ...Object.keys(specsOf(extension))), value, value), {
          maxLength: 4,
        })
        .map((options) => ({
          extension,
          words: options.flatMap(([invert, name, first, second]) => {
            const spec = specsOf(extension)[name];
            if (spec === undefined) return [];
            const count = spec.values === "optional" ? 1 : spec.values;
            return [...(invert ? ["!"] : []), `--${name}`, ...[first, second].slice(0, count)];
          }),
        })),
    );
    fc.assert(
      fc.property(
        option,
        fc.constantFrom(1, 6, 17, 50, 51, 58, 108, 132, 135),
        fc.constantFrom<Family>(4, 6),
        (given, protocol, family) => {
          const printed = reprint(given, { family, protocol });
          if (typeof printed === "string") return true;
          const again = reprint({ extension: given.extension, words: printed }, { family, protocol });
          return typeof again !== "string" && again.join(" ") === printed.join(" ");
        },
      ),
      { numRuns: 5000 },
    );
  });
});
