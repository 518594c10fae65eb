import type { ASSUMPTION_CODES } from "../../../src/model/codes/assumption-codes.ts";
import type { FINDING_CODES } from "../../../src/model/codes/finding-codes.ts";
import type { UNKNOWN_CODES } from "../../../src/model/codes/unknown-codes.ts";
import type { Example, ExamplesOf } from "../example.ts";
import { ADDRESS_CHECK_EXAMPLES } from "./address-check-examples.ts";
import { ARCHIVE_EXAMPLES } from "./archive-examples.ts";
import { ASSUMPTION_EXAMPLES } from "./assumption-examples.ts";
import { BIRD_EXAMPLES } from "./bird-examples.ts";
import { CHECK_EXAMPLES } from "./check-examples.ts";
import { CLUSTER_EXAMPLES } from "./cluster-examples.ts";
import { COLLECTOR_EXAMPLES } from "./collector-examples.ts";
import { DUMP_EXAMPLES } from "./dump-examples.ts";
import { INPUT_EXAMPLES } from "./input-examples.ts";
import { IP_EXAMPLES } from "./ip-examples.ts";
import { IPAM_EXAMPLES } from "./ipam-examples.ts";
import { IPTABLES_EXAMPLES } from "./iptables-examples.ts";
import { NETWORK_EXAMPLES } from "./network-examples.ts";
import { NODE_CHECK_EXAMPLES } from "./node-check-examples.ts";
import { OBJECT_EXAMPLES } from "./object-examples.ts";
import { POLICY_EXAMPLES } from "./policy-examples.ts";
import { PROBE_EXAMPLES } from "./probe-examples.ts";
import { PROGRAMMED_EXAMPLES } from "./programmed-examples.ts";
import { SCENARIO_EXAMPLES } from "./scenario-examples.ts";
import { SET_EXAMPLES } from "./set-examples.ts";
import { SNAPSHOT_EXAMPLES } from "./snapshot-examples.ts";
import { UNKNOWN_EXAMPLES } from "./unknown-examples.ts";

const ALL: ExamplesOf<typeof FINDING_CODES & typeof ASSUMPTION_CODES & typeof UNKNOWN_CODES> = {
  ...CHECK_EXAMPLES,
  ...ADDRESS_CHECK_EXAMPLES,
  ...NODE_CHECK_EXAMPLES,
  ...INPUT_EXAMPLES,
  ...ARCHIVE_EXAMPLES,
  ...DUMP_EXAMPLES,
  ...IP_EXAMPLES,
  ...IPTABLES_EXAMPLES,
  ...IPAM_EXAMPLES,
  ...SET_EXAMPLES,
  ...SNAPSHOT_EXAMPLES,
  ...OBJECT_EXAMPLES,
  ...BIRD_EXAMPLES,
  ...CLUSTER_EXAMPLES,
  ...COLLECTOR_EXAMPLES,
  ...NETWORK_EXAMPLES,
  ...SCENARIO_EXAMPLES,
  ...POLICY_EXAMPLES,
  ...PROBE_EXAMPLES,
  ...PROGRAMMED_EXAMPLES,
  ...ASSUMPTION_EXAMPLES,
  ...UNKNOWN_EXAMPLES,
};

/** An input for every code there is: it is reachable, and its page shows how. */
export const EXAMPLES: ReadonlyMap<string, Example> = new Map<string, Example>(Object.entries(ALL));
