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
];
