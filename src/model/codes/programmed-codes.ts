import type { CodeTable } from "./code-page.ts";

/** What the cluster's programs ought to have programmed on its nodes, held against what is there. */
export const PROGRAMMED_CODES = {
  "nothing-to-explain": {
    title: "No chain, set, rule or resource of that name",
    means:
      "podpath explain-rule found nothing of that name on the nodes that it was asked about, and no resource that made one of their rules.",
    todo: "Give the name as the dump has it: a chain, table/chain:number, a set, a rule behind --, or a resource as Kind namespace/name.",
  },
} as const satisfies CodeTable;
