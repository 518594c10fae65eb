import type { CodeTable } from "./code-page.ts";

/** What the index of a collector says about the files beside it. */
export const COLLECTOR_CODES = {
  "cut-file": {
    title: "A file that its collector cut",
    means:
      "The command printed more than the collector keeps of one file, or it ended before it was done. What is there is read; what would have come after it counts as unknown.",
    todo: "Collect it again, with a larger --max-bytes or --timeout.",
  },
  "damaged-index": {
    title: "The index of a collector that cannot be read",
    means:
      "index.json says which files were cut and which could not be had. Without it, each file is taken to be whole.",
    todo: "Take index.json from the collector's tar again.",
  },
  "namespace-without-name": {
    title: "A network namespace that nobody names",
    means:
      "The collector could not tell which pod a network namespace belongs to, and no Pod object has its address. It takes part under a name made of its address.",
    todo: "Add the objects of the cluster: podpath collect --cluster.",
  },
  "not-collected": {
    title: "Files that the collector could not get",
    means:
      "A tool was missing, was not allowed to answer, or did not answer in time. What it would have told is assumed or unknown.",
    todo: "Run the collector as root on the node. index.json has each command and what it said.",
  },
} as const satisfies CodeTable;
