import fc from "fast-check";
import type { Picture, PictureBox, Row } from "../../../src/report/topology/picture.ts";

const text = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 70 }),
  fc.string({ unit: "binary", minLength: 1, maxLength: 20 }),
  fc.constantFrom(
    '<b onload="x">&amp;]]>',
    'a"b\\"c\\',
    "worker-1",
    "节点-1",
    "--><script>",
    "end",
    "click a href",
    "\u0000\u001b[31m",
  ),
);

const row: fc.Arbitrary<Row> = fc.record({ text, tone: fc.constantFrom("plain", "faint", "good", "bad", "path") });

function box(id: string, depth: number): fc.Arbitrary<PictureBox> {
  return fc.record({
    id: fc.constant(id),
    kind: fc.constantFrom("node", "pod", "host", "group"),
    title: text,
    rows: fc.array(row, { maxLength: 6 }),
    inside:
      depth === 0
        ? fc.constant([])
        : fc
            .integer({ min: 0, max: 5 })
            .chain((count) => fc.tuple(...numbered(count, `${id} pod `).map((pod) => box(pod, depth - 1)))),
    onPath: fc.boolean(),
  });
}

function numbered(count: number, prefix: string): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

/** Pictures of up to so many boxes, with all sorts of names, some of them joined. */
export function pictures(most: number): fc.Arbitrary<Picture> {
  return fc
    .tuple(fc.integer({ min: Math.max(1, most - 12), max: most }), fc.integer({ min: 0, max: 5 }))
    .chain(([boxes, joints]) => {
      const ids = numbered(boxes, "box ");
      const joint = (id: string) =>
        fc.record({
          id: fc.constant(id),
          kind: fc.constantFrom("segment" as const, "tunnel" as const, "session" as const),
          rows: fc.array(row, { minLength: 1, maxLength: 3 }),
          ends: fc.oneof(fc.subarray(ids), fc.constant(ids)),
        });
      const jointIds = numbered(joints, "joint ");
      return fc.record({
        title: text,
        captions: fc.array(row, { maxLength: 3 }),
        boxes: fc.tuple(...ids.map((id) => box(id, 1))),
        joints: fc.tuple(...jointIds.map(joint)),
        legs: fc.array(
          fc.record({
            direction: fc.constantFrom("forward" as const, "back" as const),
            died: fc.boolean(),
            hops: fc
              .uniqueArray(fc.constantFrom(...ids), { minLength: 1, maxLength: 4 })
              .map((hops) => hops.map((id) => ({ box: id, over: null }))),
          }),
          { maxLength: 2 },
        ),
      });
    });
}
