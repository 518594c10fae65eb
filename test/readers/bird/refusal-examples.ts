/** A configuration of BGP whose protocol closes in the last line. */
const bgp = (...lines: readonly string[]): string =>
  ["router id 1.1.1.1;", "protocol bgp a {", "local as 64512;", ...lines, "}", ""].join("\n");

/** Configurations, and what `bird -p` of BIRD 1.6.8 says of them: the line and its words. */
export const REFUSED: readonly (readonly [said: string, text: string])[] = [
  ["5 Remote AS number must be set", bgp("neighbor 10.0.0.1 as 0;")],
  ["4 Neighbor must be configured", bgp()],
  ["5 Neighbor must be configured", bgp("neighbor 0.0.0.0 as 1;")],
  ["6 Only internal neighbor can be RR client", bgp("neighbor 10.0.0.1 as 1;", "rr client;")],
  ["4 Number out of range", bgp("neighbor 10.0.0.1 as 4294967296;")],
  ["4 No such filter.", bgp("export filter f;", "neighbor 10.0.0.1 as 1;")],
  ["5 Only one neighbor per BGP instance is allowed", bgp("neighbor 10.0.0.1 as 1;", "neighbor 10.0.0.1 as 1;")],
  ["5 syntax error", bgp("neighbor 10.0.0.1 as 1;", 'password "a"b";')],
  ["1 syntax error", "router id ;\nprotocol device {}\n"],
  ["1 syntax error", "router id 1.1.1.1;\nprotocol device {\n"],
  ["1 syntax error", "router id 1.1.1.1;\nprotocol device {"],
  ["1 syntax error", "router id 1.1.1.1;\nprotocol device {\n  "],
  ["1 syntax error", "router id 1.1.1.1;\nprotocol device { # not closed"],
  ["1 syntax error", "router id 1.1.1.1;\nprotocol device { /* not\n closed */"],
  ["1 No protocol is specified in the config file", ""],
  ["2 Unterminated string", 'router id 1.1.1.1;\nprotocol direct { interface "x\n; }\n'],
  ["1 You can't call something which is not a function. Really.", "function f() { g(); }\n"],
  ["2 Wrong number of arguments for function f.", "function f(bool x) { }\nfunction g() { f(); }\n"],
  ["1 You may set only variables.", 'function f() { krt_tunnels = "tunl0"; }\n'],
  ["1 syntax error", "function accept() { }\n"],
  ["2 Kernel device protocol already defined", "protocol device {}\nprotocol device {}\n"],
  ["1 Template or protocol name expected", "protocol bgp a from nobody { }\n"],
  ["1 Invalid prefix", "protocol static { route 10.0.0.1/8 blackhole; }\n"],
  [
    "1 This is an IPv4 router, therefore IPv6 addresses are not supported",
    "protocol static { route fd00::/64 blackhole; }\n",
  ],
  ["1 No protocol is specified in the config file", "router id 1.1.1.1;\n\n"],
  ["1 No protocol is specified in the config file", "template bgp a { local as 1; }\n"],
  ["1 syntax error", "protocol static { route 10.0.0.0/8 via 10.0.0.1 bfd; }\n"],
  ["1 syntax error", "protocol static { route 10.0.0.0/8 via 10.0.0.1 via 10.0.0.2; }\n"],
  [
    "1 Kernel syncer (a) already attached to table master",
    "protocol kernel a {}\n\nprotocol kernel { kernel table 7; }\n",
  ],
  ["4 String expected", bgp("password 'x';", "neighbor 10.0.0.1 as 1;")],
  ["4 syntax error", bgp("route limit 5 action warn;", "neighbor 10.0.0.1 as 1;")],
  ["6 Multihop BGP cannot be bound to interface", bgp("neighbor 10.0.0.1 as 64512;", 'interface "eth0";')],
  ["6 BGP with secondary option requires sorted table", bgp("neighbor 10.0.0.1 as 1;", "secondary;")],
  ["1 Merge paths limit must be in range 1-255", "protocol kernel { merge paths limit 256; }\n"],
  ["2 Number expected", "define x = 5 > 3;\nprotocol bgp { local as x; }\n"],
  ["2 IP address expected", "define x = 10.0.0.0/8;\nprotocol static { route x blackhole; }\n"],
  ["2 a: set-incompatible type", "define a = 10.0.0.0/8;\ndefine b = [ a ];\n"],
  ["1 Runtime error", 'define a = "x" + 1;\n'],
  ["2 Number or IPv4 address constant expected", 'define a = "x";\nrouter id a;\n'],
  [
    "3 Only internal neighbor can be RR client",
    "define x = 65001;\ndefine y = x * 2 - 65000;\nprotocol bgp { local as x; neighbor 10.0.0.1 as y; rr client; }\n",
  ],
];

/** Settings that `bird -p` of BIRD 1.6.8 takes, although they are rare or stand for something else. */
export const TAKEN: readonly string[] = [
  bgp("neighbor 10.0.0.1 as 1;", 'interface "eth0";', "vrf default;", "mrtdump { states };"),
  bgp("neighbor 10.0.0.1 as 1;", "long lived graceful restart aware;", "long lived stale time 5;", "route limit 5;"),
  "protocol kernel { merge paths limit 4; }\n",
  "table master sorted;\nprotocol bgp { local as 1; neighbor 10.0.0.1 as 2; secondary; }\n",
  "table t;\nprotocol kernel { table t; kernel table 254; }\nprotocol kernel { }\n",
  'define a = "x";\nprotocol bgp { local as 1; neighbor 10.0.0.1 as 2; password a; description a; }\n',
  "define a = 10.0.0.1;\ndefine b = a;\nrouter id b;\nprotocol bgp { local as 1; neighbor b as 2; router id b; }\n",
  "define x = 65001;\ndefine y = (x + 1) * 2;\nprotocol bgp { local as y; neighbor 10.0.0.1 as 130004; rr client; }\n",
  "router id (5);\nprotocol device {}\n",
];
