import type { PROGRAMMED_CODES } from "../../../src/model/codes/programmed-codes.ts";
import { type ExamplesOf, NODE } from "../example.ts";

export const PROGRAMMED_EXAMPLES: ExamplesOf<typeof PROGRAMMED_CODES> = {
  "nothing-to-explain": { files: NODE, run: ["explain-rule", "cluster1", "KUBE-SERVICES"] },
};
