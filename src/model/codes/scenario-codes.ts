import type { CodeTable } from "./code-page.ts";

/** Files that people write by hand: scenario.yaml, snapshot.yaml. */
export const SCENARIO_CODES = {
  "bad-field": {
    title: "A field of a scenario is wrong",
    means: "The value is of another kind than the field takes. The scenario is not played.",
    todo: "docs/reference/scenario.md lists the fields.",
  },
  "network-missing": {
    title: "A scenario without exactly one network",
    means: "A scenario plays in one network, a snapshot or a cluster; this one names none or both.",
    todo: "Write network: {snapshot: ./FOLDER}.",
  },
  "probe-incomplete": {
    title: "A probe of a scenario lacks an end",
    means: "A probe needs from: and to:. It was left out.",
    todo: "Add the endpoint.",
  },
  "probe-twice": {
    title: "Two probes of a scenario share a name",
    means: "Expectations of fixes refer to probes by name. Only the first one counts.",
    todo: "Give each probe its own name.",
  },
  "unknown-key": {
    title: "A key that nobody reads",
    means: "The file has a key that podpath does not know. It has no effect.",
    todo: "Check the spelling; the message names what is similar.",
  },
} as const satisfies CodeTable;
