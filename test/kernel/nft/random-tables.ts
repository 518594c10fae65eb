import type { Random } from "../../readers/fuzz/random.ts";

const not = (rng: Random): string => (rng.below(4) === 0 ? "!= " : "");

/** A test of a layer-4 protocol: nft refuses two that contradict each other in one rule. */
function transport(rng: Random): string {
  const port = (): number => rng.pick([22, 80, 81, 443, 4000, 9100]);
  return rng.pick([
    `tcp dport ${not(rng)}${port()}`,
    `tcp dport ${not(rng)}{ ${port()}, 8000-9000 }`,
    `udp dport ${not(rng)}{ 53, ${rng.pick([81, 443])} }`,
    `tcp sport ${not(rng)}1024-5000`,
    "meta l4proto { tcp, icmp }",
    `meta l4proto ${not(rng)}udp`,
    `meta l4proto { tcp, udp } th dport ${not(rng)}{ ${rng.pick([22, 80])}, 53 }`,
    `ip protocol ${not(rng)}icmp`,
    `icmp type ${not(rng)}{ echo-request, echo-reply }`,
    `icmp type ${not(rng)}echo-request`,
    `tcp flags & (fin|syn|rst|ack) ${rng.pick(["==", "!="])} syn`,
    "tcp flags syn / fin,syn,rst,ack",
    "ip saddr . tcp dport { 10.0.0.2 . 80, 10.0.0.0/24 . 81, 10.0.0.3 . 22 }",
    `tcp dport ${not(rng)}@ports`,
    "ip daddr . tcp dport @pairs",
  ]);
}

function device(rng: Random): string {
  return rng.pick([
    `iifname ${not(rng)}"in0"`,
    'iifname { "in0", "out1" }',
    'iifname "out*"',
    `oifname ${not(rng)}"out0"`,
    `iif ${not(rng)}"in0"`,
  ]);
}

/** Another test, as people write them; the addresses are those of the router's lab. */
function other(rng: Random): string {
  const source = ["10.0.0.2", "10.0.0.0/24", "10.0.0.128/25", "10.0.1.2", "10.0.0.2-10.0.0.200", "192.0.2.1"];
  return rng.pick([
    `ip saddr ${not(rng)}${rng.pick(source)}`,
    `ip daddr ${not(rng)}{ 10.0.1.2, 10.0.0.1, 10.0.2.0/24 }`,
    `ip saddr ${not(rng)}{ 10.0.0.2, 10.0.0.129-10.0.0.140 }`,
    `ip saddr ${not(rng)}@nets`,
    `ct state ${rng.pick(["new", "established,related", "{ established, related }", "invalid", "!= new"])}`,
    `meta mark ${not(rng)}0x1`,
    "meta mark { 0x1, 0x7 }",
    "meta nfproto ipv4",
  ]);
}

function verdict(rng: Random, callable: readonly string[]): string {
  const chain = callable.length === 0 ? "accept" : `${rng.pick(["jump", "goto"])} ${rng.pick(callable)}`;
  return rng.pick([
    "accept",
    "drop",
    "drop",
    "return",
    "counter",
    "counter accept",
    'log prefix "a: " drop',
    'log prefix "b"',
    "meta mark set 0x1",
    "meta mark set 0x7 accept",
    "reject",
    "reject with tcp reset",
    "reject with icmp type host-prohibited",
    "reject with icmpx type admin-prohibited",
    chain,
    chain,
  ]);
}

function rule(rng: Random, callable: readonly string[], rejects: boolean): string {
  const target = callable[0] ?? "accept";
  const jump = callable.length === 0 ? "accept" : `jump ${target}`;
  if (rng.below(6) === 0) {
    return rng.pick([
      "ct state vmap { established : accept, related : accept, invalid : drop }",
      `tcp dport vmap { 22 : drop, 80 : ${jump}, 443 : return, 8000-9000 : accept }`,
      `ip saddr vmap { 10.0.0.2 : ${jump}, 10.0.0.128/25 : drop }`,
      `iifname vmap { "in0" : ${jump}, "out0" : accept }`,
      `meta l4proto vmap { icmp : accept, udp : drop }`,
      `ip saddr . tcp dport vmap { 10.0.0.2 . 80 : drop, 10.0.0.2 . 81 : accept }`,
      "tcp dport vmap @verdicts",
      "ip6 saddr fd00::/8 drop",
    ]);
  }
  const done = verdict(rng, callable);
  const isProtocol = done.includes("tcp reset");
  const tests = [
    ...(rng.below(2) === 0 ? [device(rng)] : []),
    ...Array.from({ length: rng.below(3) }, () => other(rng)),
    ...(isProtocol || rng.below(3) === 0 ? [] : [transport(rng)]),
  ];
  return [...tests, !rejects && done.startsWith("reject") ? "drop" : done].join(" ");
}

const HOOKS = ["prerouting", "input", "forward", "output", "postrouting"] as const;

/** A ruleset that nft takes, in its words: one or two tables, chains at several hooks and priorities, sets and verdict maps. */
export function randomTables(rng: Random): string {
  return Array.from({ length: 1 + rng.below(2) }, (_, number) => tableText(rng, number)).join("\n");
}

function tableText(rng: Random, number: number): string {
  const family = rng.pick(["inet", "ip"]);
  const lines: string[] = [
    "set nets { type ipv4_addr; flags interval; elements = { 10.0.0.128/26, 10.0.1.2 }; }",
    "set ports { type inet_service; flags interval; elements = { 80, 8000-9000 }; }",
    "set pairs { type ipv4_addr . inet_service; elements = { 10.0.1.2 . 80, 10.0.0.1 . 22 }; }",
    "map verdicts { type inet_service : verdict; elements = { 81 : drop, 22 : accept }; }",
  ];
  // a chain calls those that stand before it
  const callable: string[] = [];
  for (const name of ["deepest", "deeper", "deep"]) {
    const rules = Array.from({ length: rng.below(4) }, () => rule(rng, callable, false));
    lines.push(`chain ${name} { ${rules.map((one) => `${one};`).join(" ")} }`);
    callable.push(name);
  }
  for (const hook of HOOKS) {
    if (rng.below(3) === 0) continue;
    const type = hook === "output" && rng.below(3) === 0 ? "route" : "filter";
    const priority = rng.pick(["0", "-10", "10", "mangle", "filter - 5"]);
    const policy = rng.below(4) === 0 ? "drop" : "accept";
    const rejects = hook === "input" || hook === "forward" || hook === "output";
    const rules = Array.from({ length: 1 + rng.below(5) }, () => rule(rng, callable, rejects && family === "ip"));
    lines.push(
      `chain ${hook} { type ${type} hook ${hook} priority ${priority}; policy ${policy}; ${rules.map((one) => `${one};`).join(" ")} }`,
    );
  }
  if (number === 0 && rng.below(2) === 0) lines.push(...natChains(rng));
  return `table ${family} t${number} {\n${lines.map((line) => `  ${fitting(line, family)}\n`).join("")}}\n`;
}

function natChains(rng: Random): readonly string[] {
  const destinations = [
    "tcp dport 81 dnat ip to 10.0.1.2:80",
    "ip daddr 10.0.2.2 dnat ip to 10.0.1.2",
    "tcp dport 443 redirect to :80",
  ];
  const sources = ['oifname "out0" masquerade', "ip saddr 10.0.0.2 snat ip to 10.0.1.1", "ip saddr @nets return"];
  const body = (rules: readonly string[]): string =>
    Array.from({ length: 1 + rng.below(2) }, () => `${rng.pick(rules)};`).join(" ");
  return [
    `chain nat-before { type nat hook prerouting priority dstnat; policy accept; ${body(destinations)} }`,
    `chain nat-after { type nat hook postrouting priority srcnat; policy accept; ${body(sources)} }`,
  ];
}

/** A table of family ip has no IPv6, and no icmpx. */
function fitting(line: string, family: string): string {
  if (family !== "ip") return line;
  return line
    .replaceAll("ip6 saddr fd00::/8 drop", "tcp dport 443 drop")
    .replaceAll("meta nfproto ipv4", "ct state new")
    .replaceAll("nat ip to", "nat to")
    .replaceAll("reject with icmpx type admin-prohibited", "reject with icmp type admin-prohibited");
}
