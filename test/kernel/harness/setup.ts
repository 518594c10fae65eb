import { afterAll, beforeEach, expect } from "vitest";
import { countFor, writeMet } from "./met.ts";

beforeEach(({ task }) => countFor(task.name));

afterAll(() => {
  const path = expect.getState().testPath ?? "";
  writeMet(path.replace(/^.*\/test\/kernel\//, "").replace(/\.test\.ts$/, ""));
});
