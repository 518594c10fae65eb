import fc from "fast-check";
import { afterAll, beforeEach, expect } from "vitest";
import { countFor, writeMet } from "./met.ts";

// What fails is run once more by `.ci/run`, with the same draws: what no timer brought about fails again.
const seed = Number(process.env["PROPERTY_SEED"]);
if (Number.isInteger(seed) && seed > 0) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });

beforeEach(({ task }) => countFor(task.name));

afterAll(() => {
  const path = expect.getState().testPath ?? "";
  writeMet(path.replace(/^.*\/test\/kernel\//, "").replace(/\.test\.ts$/, ""));
});
