import { afterAll, expect } from "vitest";
import { writeMet } from "./met.ts";

afterAll(() => {
  const path = expect.getState().testPath ?? "";
  writeMet(path.replace(/^.*\/test\/kernel\//, "").replace(/\.test\.ts$/, ""));
});
