import { ADDRESS_CHECK_CODES } from "./address-check-codes.ts";
import { ARCHIVE_CODES } from "./archive-codes.ts";
import { BIRD_CODES } from "./bird-codes.ts";
import { CHECK_CODES } from "./check-codes.ts";
import { CLUSTER_CODES } from "./cluster-codes.ts";
import { COLLECTOR_CODES } from "./collector-codes.ts";
import { DUMP_CODES } from "./dump-codes.ts";
import { INPUT_CODES } from "./input-codes.ts";
import { IP_CODES } from "./ip-codes.ts";
import { IPAM_CODES } from "./ipam-codes.ts";
import { IPTABLES_CODES } from "./iptables-codes.ts";
import { NETWORK_CODES } from "./network-codes.ts";
import { NODE_CHECK_CODES } from "./node-check-codes.ts";
import { OBJECT_CODES } from "./object-codes.ts";
import { POLICY_CODES } from "./policy-codes.ts";
import { PROBE_CODES } from "./probe-codes.ts";
import { PROGRAMMED_CODES } from "./programmed-codes.ts";
import { SCENARIO_CODES } from "./scenario-codes.ts";
import { SET_CODES } from "./set-codes.ts";
import { SNAPSHOT_CODES } from "./snapshot-codes.ts";

/** Every code that a finding can have, by area. */
export const FINDING_CODES = {
  ...CHECK_CODES,
  ...ADDRESS_CHECK_CODES,
  ...NODE_CHECK_CODES,
  ...INPUT_CODES,
  ...ARCHIVE_CODES,
  ...CLUSTER_CODES,
  ...COLLECTOR_CODES,
  ...DUMP_CODES,
  ...IP_CODES,
  ...IPTABLES_CODES,
  ...IPAM_CODES,
  ...SET_CODES,
  ...SNAPSHOT_CODES,
  ...OBJECT_CODES,
  ...BIRD_CODES,
  ...POLICY_CODES,
  ...NETWORK_CODES,
  ...SCENARIO_CODES,
  ...PROBE_CODES,
  ...PROGRAMMED_CODES,
} as const;

/** A finding's stable name. One that no table declares does not compile. */
export type FindingCode = keyof typeof FINDING_CODES;
