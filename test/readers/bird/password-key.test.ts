import { describe, expect, test } from "vitest";
import { passwordKey } from "../../../src/readers/bird/password-key.ts";

describe("the fingerprint of a password", () => {
  test("is that of an equal one, and not of another", () => {
    expect(passwordKey("hunter2")).toBe(passwordKey("hunter2"));
    expect(passwordKey("hunter2")).not.toBe(passwordKey("hunter3"));
  });

  test.each(["(redacted)", "<redacted>", "REDACTED", "********", "", "<hidden>"])(
    "is unknown where a collector wrote “%s”",
    (text) => {
      expect(passwordKey(text)).toBeNull();
    },
  );

  test("does not show the password", () => {
    expect(passwordKey("hunter2")).not.toContain("hunter");
  });
});
