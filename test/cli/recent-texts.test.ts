import { expect, test } from "vitest";
import { recentTexts } from "../../src/cli/recent-texts.ts";

test("a text is fetched once while it is among the last sixteen million characters", () => {
  const recent = recentTexts();
  const fetched: string[] = [];
  const read = (path: string, length: number): number => {
    const text = recent(path, () => {
      fetched.push(path);
      return "x".repeat(length);
    });
    return typeof text === "string" ? text.length : -1;
  };
  expect([read("a", 3), read("a", 3), read("b", 10_000_000), read("a", 3)]).toEqual([3, 3, 10_000_000, 3]);
  expect(fetched).toEqual(["a", "b"]);
  read("c", 10_000_000);
  expect([read("c", 10_000_000), read("b", 10_000_000), read("a", 3)]).toEqual([10_000_000, 10_000_000, 3]);
  expect(fetched).toEqual(["a", "b", "c", "b", "a"]);
});

test("one text that is larger than all that is kept is still answered", () => {
  const recent = recentTexts();
  const text = recent("big", () => "y".repeat(20_000_000));
  expect(typeof text === "string" && text.length).toBe(20_000_000);
});
