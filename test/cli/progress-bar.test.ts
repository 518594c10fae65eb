import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Io } from "../../src/cli/io.ts";
import { progressBar } from "../../src/cli/progress-bar.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => vi.useRealTimers());

function terminal(more: Partial<Io["stderr"]> = { isTTY: true }, env: Io["env"] = {}): { io: Io; written: string[] } {
  const written: string[] = [];
  const sink = { write: (text: string) => written.push(text) };
  return { io: { stdout: sink, stderr: { ...sink, ...more }, stdin: (async function* () {})(), env }, written };
}

test("a long reading shows a bar on a terminal, drawn a few times a second, and takes it away", () => {
  const { io, written } = terminal();
  const bar = progressBar(io, {});
  bar?.show("machines read", 1, 4);
  expect(written).toEqual([]);
  vi.advanceTimersByTime(600);
  bar?.show("machines read", 2, 4);
  bar?.show("machines read", 3, 4);
  vi.advanceTimersByTime(100);
  bar?.show("machines read", 4, 4);
  bar?.end();
  bar?.end();
  expect(written).toEqual([
    "\r[===============               ] machines read: 2 of 4",
    "\r[==============================] machines read: 4 of 4",
    "\r\u001b[K",
  ]);
});

test("what is quick shows nothing", () => {
  const { io, written } = terminal();
  const bar = progressBar(io, {});
  bar?.show("machines read", 1, 2);
  bar?.end();
  expect(written).toEqual([]);
});

test("there is no bar in pipes, with --quiet, and on a terminal that cannot go back in a line", () => {
  expect(progressBar(terminal({}).io, {})).toBe(null);
  expect(progressBar(terminal().io, { quiet: true })).toBe(null);
  expect(progressBar(terminal({ isTTY: true }, { TERM: "dumb" }).io, {})).toBe(null);
});
