import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take longest, the longest first. An outdated list costs time and nothing else. */
const LONGEST: readonly string[] = [
  "test/kernel/fuzz/fuzz.test.ts",
  "test/kernel/capture.test.ts",
  "test/kernel/bird/labs.test.ts",
  "test/kernel/bird/second-opinion.test.ts",
  "test/kernel/bird/reconfigure.test.ts",
  "test/kernel/bird/named-topologies.test.ts",
  "test/kernel/bird/named-labs.test.ts",
  "test/kernel/facts/received-redirects.test.ts",
  "test/kernel/bird/counters.test.ts",
  "test/kernel/facts/conntrack-runs.test.ts",
  "test/readers/fuzz/fuzz.test.ts",
  "test/docs/commands.test.ts",
  "test/cli/collect/node.test.ts",
];

/** Begins with the files that take longest: what begins last is waited for alone. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const index = LONGEST.indexOf(relative(this.ctx.config.root, moduleId));
      return index < 0 ? LONGEST.length : index;
    };
    return (await super.sort(files)).sort((one, other) => place(one) - place(other));
  }
}
