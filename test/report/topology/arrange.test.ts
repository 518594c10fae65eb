import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arrange } from "../../../src/report/topology/arrange.ts";
import { type Rectangle, type SizedBox, TITLE_SIZE, textWidth } from "../../../src/report/topology/measure.ts";
import type { Picture } from "../../../src/report/topology/picture.ts";
import { pictures } from "./pictures.ts";

function overlap(one: Rectangle, other: Rectangle): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

function isInside(inner: Rectangle, outer: Rectangle): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width + 1e-6 &&
    inner.y + inner.height <= outer.y + outer.height + 1e-6
  );
}

function overlapping(rectangles: readonly Rectangle[]): readonly (readonly [Rectangle, Rectangle])[] {
  return rectangles.flatMap((one, index) =>
    rectangles.slice(index + 1).flatMap((other) => (overlap(one, other) ? [[one, other] as const] : [])),
  );
}

/** What sticks out of a box: its texts, and the boxes inside of it. */
function sticksOut({ title, rows, width, height, inside }: SizedBox): readonly string[] {
  const places = inside.map(({ x, y, sized }) => ({ x, y, width: sized.width, height: sized.height }));
  return [
    ...(textWidth(title, TITLE_SIZE) > width - 16 ? [title] : []),
    ...rows.filter(({ text }) => textWidth(text) > width - 16).map(({ text }) => text),
    ...places.filter((place) => !isInside(place, { x: 0, y: 0, width, height })).map(() => "a box inside"),
    ...overlapping(places).map(() => "two boxes inside"),
    ...inside.flatMap(({ sized }) => sticksOut(sized)),
  ];
}

function check(picture: Picture): void {
  const { boxes, joints, frames, width, height } = arrange(picture);
  expect(overlapping([...boxes, ...joints])).toEqual([]);
  expect(boxes.flatMap(({ sized }) => sticksOut(sized))).toEqual([]);
  for (const joint of joints) {
    for (const { text } of joint.sized.rows) expect(textWidth(text)).toBeLessThanOrEqual(joint.width - 16);
  }
  for (const frame of frames) {
    for (const place of [...boxes, ...joints]) {
      expect(isInside(place, frame) || !overlap(place, frame), "a box on the edge of a frame").toBe(true);
    }
  }
  for (const place of [...boxes, ...joints, ...frames])
    expect(isInside(place, { x: 0, y: 0, width, height })).toBe(true);
}

describe("an arrangement", () => {
  test("lets no two boxes overlap and no text stick out, whatever is drawn", () => {
    fc.assert(fc.property(pictures(12), check), { numRuns: 60 });
  });

  test("of large segments puts their machines into rows inside of a frame", () => {
    fc.assert(fc.property(pictures(40), check), { numRuns: 15 });
  });

  test("is the same for the same picture", () => {
    fc.assert(
      fc.property(pictures(12), (picture) => {
        expect(arrange(structuredClone(picture))).toEqual(arrange(picture));
      }),
      { numRuns: 20 },
    );
  });
});
