import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packetLength } from "../../src/net/packet.ts";
import { pagedList } from "../../src/net/paged-list.ts";
import { encodePacket } from "../../src/net/wire/encode-packet.ts";
import { packetJson } from "../../src/report/packet-json.ts";
import { parsePacketLine } from "../../src/trace/packet-question.ts";

const PACKET = { host: "n1", src: "fd00::1", dst: "fd00::2", proto: "udp", dport: 53 };

function read(fields: object): ReturnType<typeof parsePacketLine> {
  return parsePacketLine(JSON.stringify({ ...PACKET, ...fields }), { file: "packets.jsonl", line: 1 });
}

function complaints(fields: object): readonly string[] {
  const said = read(fields);
  return "findings" in said ? said.findings.map(({ message, expected }) => `${message}: ${expected}`) : [];
}

const option = fc.record({ type: fc.integer({ min: 1, max: 255 }), length: fc.integer({ min: 0, max: 20 }) });
const header = fc.oneof(
  fc.record({ header: fc.constantFrom("hop-by-hop", "destination"), options: fc.array(option, { maxLength: 4 }) }),
  fc.record({
    header: fc.constant("routing"),
    type: fc.integer({ min: 0, max: 255 }),
    segmentsLeft: fc.integer({ min: 0, max: 255 }),
    addresses: fc.array(fc.constantFrom("fd00::9", "2001:db8::1"), { maxLength: 4 }),
  }),
  fc.record({ header: fc.constant("fragment") }),
  fc.record({
    header: fc.constant("authentication"),
    spi: fc.integer({ min: 0, max: 0xffffffff }),
    length: fc.integer({ min: 3, max: 257 }).map((words) => words * 4),
  }),
);

/** The headers of an IPv6 packet by the rules of RFC 8200 section 4: their numbers, and what is left behind them. */
function walk(bytes: Uint8Array): { readonly numbers: readonly number[]; readonly rest: number } {
  const numbers: number[] = [];
  let number = bytes[6] ?? 59;
  let at = 40;
  while ([0, 43, 44, 51, 60].includes(number)) {
    numbers.push(number);
    const size = bytes[at + 1] ?? 0;
    const length = number === 44 ? 8 : number === 51 ? (size + 2) * 4 : (size + 1) * 8;
    number = bytes[at] ?? 59;
    at += length;
  }
  return { numbers: [...numbers, number], rest: bytes.length - at };
}

describe("extension headers of a packet that is asked about", () => {
  it("are written on the wire in their order, with right lengths", () => {
    const numberOf = new Map(
      Object.entries({ "hop-by-hop": 0, routing: 43, fragment: 44, authentication: 51, destination: 60 }),
    );
    fc.assert(
      fc.property(fc.array(header, { maxLength: 5 }), (extensions) => {
        const said = read({ extensions, length: 11 });
        if ("findings" in said || said.question.packet === null) throw new Error("not read");
        const { packet } = said.question;
        const bytes = encodePacket(packet);
        expect(bytes.length).toBe(packetLength(packet));
        const wanted = extensions.map((item) => numberOf.get(item.header));
        expect(walk(bytes)).toEqual({ numbers: [...wanted, 17], rest: 19 });
      }),
    );
  });

  it("are printed as they can be asked about again", () => {
    fc.assert(
      fc.property(fc.array(header, { minLength: 1, maxLength: 5 }), (extensions) => {
        const said = read({ extensions });
        if ("findings" in said || said.question.packet === null) throw new Error("not read");
        const printed = packetJson(said.question.packet, pagedList()).extensions;
        const again = read({ extensions: printed });
        expect("question" in again && again.question.packet).toEqual(said.question.packet);
      }),
    );
  });

  it("are refused with the field that is wrong", () => {
    const expectations: readonly (readonly [object, string])[] = [
      [{ extensions: [{ header: "hopbyhop" }] }, "extensions[0].header"],
      [{ extensions: [{ header: "destination", options: [{ kind: 5 }] }] }, "extensions[0].options[0].kind"],
      [{ extensions: [{ header: "destination", options: [{ type: 0, length: 2 }] }] }, "options[0].length"],
      [{ extensions: [{ header: "routing", addresses: ["10.0.0.1"] }] }, "extensions[0].addresses"],
      [{ extensions: [{ header: "authentication", length: 13 }] }, "extensions[0].length"],
      [{ extensions: [{ header: "mobility", type: 5 }] }, '"proto":135'],
      [{ extensions: [{ header: "fragment" }], mf: true }, "in front of the fragment header"],
      [{ extensions: "hop-by-hop" }, "a list of headers"],
      [{ extensions: [{ header: "fragment" }], src: "10.0.0.1", dst: "10.0.0.2" }, "no such field in IPv4"],
      [{ proto: 51 }, 'goes into "extensions"'],
    ];
    for (const [fields, text] of expectations) expect(complaints(fields).join("; ")).toContain(text);
  });
});
