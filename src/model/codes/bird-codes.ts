import type { CodeTable } from "./code-page.ts";

/** BIRD's configuration. */
export const BIRD_CODES = {
  "bird-syntax": {
    title: "Something that does not fit into BIRD's configuration",
    means: "The statement around it was left out; what stands before and after it was read.",
    todo: "Run bird -p -c on the file: if BIRD takes it, the file was damaged on its way here.",
  },
  "bird-unknown-statement": {
    title: "A statement of BIRD's configuration that podpath does not know",
    means: "It was left out. Where it decides about routes or sessions, podpath knows less than BIRD.",
    todo: "Nothing, if it decides about none.",
  },
  "bgp-peer-without-session": {
    title: "A BGP peer that is configured, and has no session",
    means:
      "bird.cfg has a protocol for the peer, and what BIRD listed has none: the dumps are of different times, or BIRD did not read its configuration again.",
    todo: "Run birdcl configure, and look at the log of calico-node for what BIRD says about its configuration.",
  },
  "bgp-session-unconfigured": {
    title: "A BGP session that is in no configuration",
    means:
      "BIRD listed a session for which bird.cfg has no protocol: the dumps are of different times, or one of the files of bird.cfg is missing.",
    todo: "Collect both again.",
  },
  "include-missing": {
    title: "An included file that is not there",
    means: "bird.cfg of Calico includes bird_aggr.cfg and bird_ipam.cfg; what stands in them is missing.",
    todo: "Copy the other files of /etc/calico/confd/config/ into the node's folder.",
  },
} satisfies CodeTable;
