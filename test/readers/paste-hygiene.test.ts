import { expect, test } from "vitest";
import { originTable } from "../../src/model/origin.ts";
import { formatPrefix } from "../../src/net/prefix.ts";
import { readRoutes } from "../../src/readers/ip/route.ts";
import { printRule } from "../../src/readers/iptables/print.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";
import { readSockets } from "../../src/readers/ss.ts";
import { codes, fixture } from "./fixture.ts";
import { readSave } from "./iptables/helpers.ts";

/** What chat programs, terminals and careful people do to dumps (formats seen in issues). */
const ROUTES =
  "default via 10.0.0.254 dev eth0 \n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1 \n192.168.0.0/26 via 10.0.0.2 dev eth0 proto bird \n";
const routes = (text: string): readonly string[] =>
  readRoutes(text, "f", originTable()).routes.map((route) => formatPrefix(route.destination));
const LISTING = fixture("iptables-list/fixtures/filter-verbose.txt");
const listed = (text: string): readonly string[] =>
  [...(readSave(text).rulesets[0]?.tables.get("filter")?.chains.values() ?? [])].flatMap((chain) =>
    chain.rules.map((rule) => printRule(rule, 4)),
  );

const PASTES: readonly (readonly [string, (text: string) => string])[] = [
  ["with CRLF line ends", (text) => text.replaceAll("\n", "\r\n")],
  ["with a byte-order mark", (text) => `\ufeff${text}`],
  ["in a code fence", (text) => `\`\`\`console\n${text}\`\`\`\n`],
  ["after a prompt", (text) => `root@n1:~# some command\n${text}root@n1:~# \n`],
  ["with blanks that do not break", (text) => text.replaceAll("  ", " \u00a0")],
  ["with HTML entities", (text) => text.replaceAll(">", "&gt;").replaceAll('"', "&quot;")],
  ["with tabs for blanks", (text) => text.replaceAll(/ {8}/g, "\t")],
  ["in colours", (text) => text.replaceAll("eth0", "\u001b[36meth0\u001b[0m")],
];

test.each(PASTES)("tables and listings %s are read the same", (_, damage) => {
  expect(routes(damage(ROUTES))).toEqual(routes(ROUTES));
  const table = fixture("net-tools/fixtures/route.txt");
  expect(routes(damage(table))).toEqual(routes(table));
  expect(listed(damage(LISTING))).toEqual(listed(LISTING));
  const netstat = fixture("net-tools/fixtures/netstat.txt");
  const sockets = (text: string): number => readSockets(text, "f", originTable()).sockets.length;
  expect(sockets(damage(netstat))).toBe(sockets(netstat));
});

test("a rule with a masked address is in doubt, and its neighbours are not", () => {
  const rules = listed(LISTING.replace("10.0.0.0/24 ", "xx.xx.0.0/24"));
  expect(rules.filter((rule) => rule.includes("xx.xx"))).toHaveLength(1);
  expect(rules).toHaveLength(listed(LISTING).length);
});

test("a route with a masked address makes the others what is assumed, not what is known", () => {
  const text = `${ROUTES}xx.xx.199.0/24 via 10.0.0.9 dev eth0 \n172.31.0.0/16 via xx.xx.0.1 dev eth0 \n`;
  const dump = readRoutes(text, "f", originTable());
  expect([dump.complete, dump.routes.length]).toEqual([false, 3]);
  expect(codes(dump)).toContain("unreadable-address");
  const { network } = readSnapshot({
    name: "s",
    files: new Map([
      ["nodes/n1/ip-addr.json", fixture("net-tools/fixtures/addr.json.txt")],
      ["nodes/n1/ip-route.txt", text],
    ]),
  });
  expect(network.hosts.get("n1")?.knowledge.get("routes")).toBe("assumed");
});
