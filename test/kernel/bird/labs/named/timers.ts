import type { LabEvent } from "../lab.ts";
import { startOf, type TopicSession } from "../topics/topic.ts";
import { between, type Expected, type NamedTopology, node, topology } from "./topology.ts";

const TOLD = ["192.168.50.0/24 blackhole"];
const UP = [/Mesh_\S+ BGP +master +up +\S+ +Established/];
const NOT_YET = [/Mesh_\S+ BGP +master +start +/];

const a = node("a", 20, 64512);
const b = node("b", 21, 64512, { statics: TOLD });

const run = (one: string, ...words: readonly string[]): LabEvent => ({ kind: "run", node: one, words });

function timed(
  says: string,
  sessions: readonly TopicSession[],
  stages: readonly {
    readonly events?: readonly LabEvent[];
    readonly seconds: number;
    /** How long before its end it stands as it does then. */
    readonly sampled?: number;
    readonly shows: readonly RegExp[];
  }[],
): NamedTopology {
  const [first, ...later] = stages;
  const expects = stages.map(({ shows }, stage): Expected => ({ node: "a", stage, shows }));
  return topology(
    says,
    {
      nodes: [a, b],
      sessions,
      seconds: first?.seconds ?? 0,
      later: later.map(({ events = [], seconds, sampled = 4 }) => ({ events, seconds, sampled })),
    },
    expects,
  );
}

/** `a` takes `b` for another AS at first, and has the session when `b` comes back as who it is taken for. */
function errorWait(): NamedTopology {
  const other = { ...b, as: 64601 };
  const sessions = between(a, other, { options: ["error wait time 20,40;"] });
  const wrong = sessions.map((item) => (item.own === other ? { ...item, own: b } : item));
  const found = timed("waits out its error wait time before it dials again", wrong, [
    { seconds: 4, shows: [/BGP Error: Bad peer AS|Received: Bad peer AS/] },
    {
      events: [{ kind: "signal", node: "b", signal: "SIGTERM" }, startOf(other, sessions)],
      seconds: 4,
      shows: NOT_YET,
    },
    { seconds: 24, shows: UP },
  ]);
  return found;
}

const SYNS = ["-p", "tcp", "--dport", "179", "-j", "DROP"];

/** What dials after 6 to 7 s is sent again after 1, 3, 7, 15 and 31 s, and the next to dial does so 18 to 24 s later: between the last two of these. */
function connectRetry(): NamedTopology {
  const options = ["connect delay time 7; connect retry time 24;"];
  return timed(
    "gives up a connection that nobody answers after its connect retry time, and dials anew",
    between(a, b, { options }),
    [
      { seconds: 4, shows: NOT_YET },
      {
        events: [run("b", "iptables-nft", "-A", "INPUT", ...SYNS)],
        seconds: 19,
        shows: [/Mesh_\S+ BGP +master +start +\S+ +Connect/],
      },
      { events: [run("b", "iptables-nft", "-D", "INPUT", ...SYNS)], seconds: 13, sampled: 2, shows: UP },
    ],
  );
}

const SILENCE = [
  run("a", "iptables-nft", "-A", "INPUT", "-p", "tcp", "--sport", "179", "-j", "DROP"),
  run("b", "iptables-nft", "-A", "INPUT", "-p", "tcp", "--dport", "179", "-j", "DROP"),
];

const HOLD = { options: ["hold time 20;"] };
const TRUE = "hold time 240; connect delay time 2; connect retry time 5; error wait time 5,30;";

export const TIMERS_IN_STAGES: readonly NamedTopology[] = [
  timed("waits out its connect delay time before it dials", between(a, b, { options: ["connect delay time 7;"] }), [
    { seconds: 4, shows: NOT_YET },
    { seconds: 14, shows: UP },
  ]),
  errorWait(),
  connectRetry(),
  timed("ends a session in which nothing comes any more after the hold time, not before", between(a, b, HOLD, HOLD), [
    { seconds: 14, shows: UP },
    { events: SILENCE, seconds: 4, shows: UP },
    { seconds: 24, shows: [/BGP Error: Hold timer expired/] },
  ]),
  timed(
    "has with the timers of a cluster 240 s to hold and 80 s to keep alive, and lives on where nothing comes for less",
    between(a, b, { options: [TRUE] }, { options: [TRUE] }),
    [
      { seconds: 12, shows: [...UP, /Hold timer: +\d+\/240/, /Keepalive timer: +\d+\/80/] },
      { events: SILENCE, seconds: 25, shows: [...UP, /Hold timer: +\d+\/240/] },
    ],
  ),
];

/** With true timers to the end, which takes five minutes: for the fuzz command. A hold timer of 240 s runs out after 180 to 240 s. */
export const HOLD_OF_A_CLUSTER = timed(
  "ends with the timers of a cluster a session in which nothing comes any more after three minutes, before five",
  between(a, b, { options: [TRUE] }, { options: [TRUE] }),
  [
    { seconds: 12, shows: UP },
    { events: SILENCE, seconds: 160, shows: UP },
    { seconds: 110, shows: [/BGP Error: Hold timer expired/] },
  ],
);

const RESTARTS = { options: ["graceful restart; graceful restart time 60; hold time 60;"] };

/** `a` restarts with `-R` while `c` stays away, and then comes. */
function recovery(): NamedTopology {
  const c = node("c", 22, 64512, { statics: ["192.168.60.0/24 blackhole"] });
  const own = { ...a, statics: ["192.168.70.0/24 blackhole"] };
  const sessions = [...between(own, b, RESTARTS, RESTARTS), ...between(own, c, RESTARTS, RESTARTS)];
  const start = (one: typeof a, ...flags: readonly string[]): LabEvent => ({ ...startOf(one, sessions), flags });
  const ofB = /192\.168\.50\.0\/24 via 10\.0\.0\.21 dev eth0 proto bird/;
  return topology(
    "puts nothing into the kernel after a restart with -R before each neighbour has told its routes",
    {
      nodes: [own, b, c],
      sessions,
      later: [
        {
          events: [
            run("a", "ip", "route", "flush", "proto", "bird"),
            { kind: "signal", node: "a", signal: "SIGKILL" },
            { kind: "signal", node: "c", signal: "SIGTERM" },
          ],
          seconds: 3,
        },
        { events: [start(own, "-R")], seconds: 10 },
        { events: [start(c)], seconds: 12 },
      ],
    },
    [
      { node: "a", stage: 0, kernel: [ofB] },
      { node: "b", stage: 1, shows: [/192\.168\.70\.0\/24/] },
      {
        node: "a",
        stage: 2,
        shows: [/Mesh_10_0_0_21 BGP +master +wait/, /192\.168\.50\.0\/24/],
        notInKernel: [/proto bird/],
      },
      { node: "b", stage: 2, shows: [/192\.168\.70\.0\/24/] },
      { node: "a", stage: 3, shows: [/Mesh_10_0_0_21 BGP +master +up/], kernel: [ofB] },
    ],
  );
}

export const RECOVERY: readonly NamedTopology[] = [recovery()];
