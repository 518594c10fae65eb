import { describe, expect, test } from "vitest";
import { BIRD_FILES } from "../../../src/calico/bird/bird-files-of.ts";
import { upstreamText, withUpstreamData } from "../upstream-data.ts";
import { comparable, renderCase, upstreamCases } from "./upstream-case.ts";

withUpstreamData(() => {
  describe.each(["v3.29.2", "head"] as const)(
    "BIRD's configuration of %s is what upstream's tests expect of confd",
    (release) => {
      test.each(upstreamCases(release).map((one) => [one.golden, one] as const))("%s", (golden, one) => {
        const files = renderCase(release, one);
        for (const file of BIRD_FILES) {
          const expected = upstreamText(`${release}/confd/tests/compiled_templates/${golden}/${file}`);
          expect(comparable(files?.get(file) ?? ""), file).toEqual(comparable(expected));
        }
      });
    },
  );

  test("no case of upstream's index is passed over", () => {
    expect([upstreamCases("v3.29.2").length, upstreamCases("head").length]).toEqual([46, 76]);
  });
});
