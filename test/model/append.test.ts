import { expect, it } from "vitest";
import { append } from "../../src/model/append.ts";

it("more than the stack holds is put at the end of a list, in its order", () => {
  const list = [-1];
  append(
    list,
    Array.from({ length: 500_000 }, (_, index) => index),
  );
  expect(list).toHaveLength(500_001);
  expect([list[0], list[1], list.at(-1)]).toEqual([-1, 0, 499_999]);
});
