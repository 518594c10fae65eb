import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeMessage } from "../../../src/bgp/messages/decode.ts";
import { encodeMessage } from "../../../src/bgp/messages/encode.ts";
import { PLAIN_FORM } from "../../../src/bgp/messages/message.ts";
import { describeNotification } from "../../../src/bgp/messages/notification-text.ts";
import { anyForm, anyMessage } from "./message-arbitrary.ts";

const anyFormAndMessage = anyForm.chain((form) => fc.tuple(fc.constant(form), anyMessage(form)));

test("what was encoded is decoded to the same message, whatever stands before and behind it", () => {
  fc.assert(
    fc.property(anyFormAndMessage, fc.uint8Array({ maxLength: 30 }), ([form, message], around) => {
      const octets = encodeMessage(message, form);
      const stream = Uint8Array.of(...around, ...octets, ...around);
      expect(decodeMessage(stream, around.length, form)).toEqual({ kind: "message", message, length: octets.length });
    }),
    { numRuns: 500 },
  );
});

test("a message that has not come whole is waited for", () => {
  fc.assert(
    fc.property(anyFormAndMessage, fc.nat(), ([form, message], cut) => {
      const octets = encodeMessage(message, form);
      expect(decodeMessage(octets.slice(0, cut % octets.length), 0, form).kind).toBe("partial");
    }),
  );
});

test("garbage is a message, waited for, or an error that a NOTIFICATION can name", () => {
  const type = fc.integer({ min: 0, max: 6 });
  const body = fc.uint8Array({ maxLength: 120 });
  const damaged = fc
    .tuple(anyFormAndMessage, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }))
    .map(([[form, message], changes]) => {
      const octets = encodeMessage(message, form);
      for (const [at, value] of changes) octets[at % octets.length] = value;
      return octets;
    });
  const framed = fc.tuple(type, body).map(([kind, rest]) => {
    const length = 19 + rest.length;
    return Uint8Array.of(...new Uint8Array(16).fill(255), length >> 8, length & 255, kind, ...rest);
  });
  fc.assert(
    fc.property(fc.oneof(damaged, framed, fc.uint8Array({ maxLength: 64 })), anyForm, (octets, form) => {
      const decoded = decodeMessage(octets, 0, form);
      if (decoded.kind === "error") {
        const { code, subcode } = decoded.error;
        expect(describeNotification(code, subcode)).not.toContain("Unknown");
      }
      if (decoded.kind === "message") {
        const again = decodeMessage(encodeMessage(decoded.message, form), 0, form);
        expect(again.kind).toBe("message");
      }
    }),
    { numRuns: 2000 },
  );
});

const header = (type: number, ...body: number[]): Uint8Array =>
  Uint8Array.of(...new Array<number>(16).fill(255), 0, 19 + body.length, type, ...body);

test.each([
  ["a marker that is not all ones", Uint8Array.of(0, ...new Array<number>(18).fill(255)), 1, 1],
  ["a length below the header", Uint8Array.of(...new Array<number>(16).fill(255), 0, 18, 4), 1, 2],
  ["an unknown type", header(9), 1, 3],
  ["an optional parameter that is no capability", header(1, 4, 0, 1, 0, 9, 1, 2, 3, 4, 3, 1, 1, 0), 2, 4],
  ["an attribute that goes beyond the list", header(2, 0, 0, 0, 4, 0x40, 1, 9, 0), 3, 1],
  ["an unknown attribute that is well-known", header(2, 0, 0, 0, 3, 0x40, 77, 0), 3, 2],
  ["no NEXT_HOP", header(2, 0, 0, 0, 7, 0x40, 1, 1, 0, 0x40, 2, 0, 8, 10), 3, 3],
  ["an ORIGIN that is optional", header(2, 0, 0, 0, 4, 0xc0, 1, 1, 0), 3, 4],
  ["an ORIGIN of two octets", header(2, 0, 0, 0, 5, 0x40, 1, 2, 0, 0), 3, 5],
  ["an ORIGIN of 3", header(2, 0, 0, 0, 4, 0x40, 1, 1, 3), 3, 6],
  ["a prefix of 33 bits", header(2, 0, 6, 33, 1, 2, 3, 4, 5, 0, 0), 3, 10],
  ["a segment of no kind", header(2, 0, 0, 0, 5, 0x40, 2, 2, 9, 0), 3, 11],
  ["a ROUTE-REFRESH that is too long", header(5, 0, 1, 0, 1, 0), 7, 1],
])("%s is answered with the code and subcode of the RFC", (_what, octets, code, subcode) => {
  const decoded = decodeMessage(octets, 0, PLAIN_FORM);
  expect(decoded).toMatchObject({ kind: "error", error: { code, subcode } });
});
