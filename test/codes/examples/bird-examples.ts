import type { BIRD_CODES } from "../../../src/model/codes/bird-codes.ts";
import { type ExamplesOf, snapshot } from "../example.ts";

const CONFIGURATION = `router id 172.16.0.11;
protocol bgp Mesh_172_16_0_12 { local as 64512; neighbor 172.16.0.12 as 64512; }
protocol bgp Mesh_172_16_0_13 { local as 64512; neighbor 172.16.0.13 as 64512; }
`;
const SESSIONS = `BIRD v0.3.3+birdv1.6.8 ready.
name     proto    table    state  since       info
Mesh_172_16_0_12 BGP      master   up     10:03:16    Established
Node_172_16_0_9 BGP      master   up     10:03:16    Established
`;
const both = snapshot({ "nodes/n1/bird.cfg": CONFIGURATION, "nodes/n1/birdc-protocols.txt": SESSIONS });

export const BIRD_EXAMPLES: ExamplesOf<typeof BIRD_CODES> = {
  "bgp-peer-without-session": both,
  "bgp-session-unconfigured": both,
  "bird-syntax": snapshot({
    "nodes/n1/bird.cfg": "router id 172.16.0.11;\nprotocol kernel {\n  scan time often;\n  export all;\n}\n",
  }),
  "bird-unknown-statement": snapshot({
    "nodes/n1/bird.cfg": "router id 172.16.0.11;\nprotocol device {\n  scan time 2;\n  colour blue;\n}\n",
  }),
  "include-missing": snapshot({
    "nodes/n1/bird.cfg": 'include "bird_aggr.cfg";\nrouter id 172.16.0.11;\nprotocol device { }\n',
  }),
};
