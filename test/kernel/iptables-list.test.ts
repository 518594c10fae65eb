import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Rule, TableName } from "../../src/model/ruleset.ts";
import type { Family } from "../../src/net/address.ts";
import { printRule } from "../../src/readers/iptables/print.ts";
import { arbitraryRule } from "../readers/iptables/arbitrary-rule.ts";
import { codes, readSave } from "../readers/iptables/helpers.ts";

/** What `iptables -L` shows is what `iptables-save` has, or the rule is in doubt. */
const HOME = `ppl-${process.pid}`;
const { CI } = process.env;
const isRoot = process.getuid?.() === 0;
if (!isRoot) {
  if (CI) throw new Error("test/kernel needs root: it makes network namespaces.");
  process.stderr.write("SKIPPED test/kernel/iptables-list.test.ts: it needs root to make network namespaces.\n");
}

function run(program: string, args: readonly string[], input = ""): string {
  return execFileSync(program, args, {
    encoding: "utf8",
    input,
    stdio: ["pipe", "pipe", "ignore"],
    maxBuffer: 1 << 28,
  });
}

function inside(command: string, input = ""): string {
  return run("ip", ["netns", "exec", HOME, ...command.split(" ")], input);
}

/** One of each form that an extension prints. Those that a family or table refuses are left out. */
const VOCABULARY = `filter -p tcp -m tcp --sport 1:5 --dport 7 --tcp-flags ALL SYN,ACK
filter -p tcp ! --syn
filter -p tcp -m tcp --tcp-option 5
filter -p udp -m udp ! --dport 5:9
filter -p tcp -m multiport ! --sports 1,2:3
filter -p tcp -m multiport --ports 1,2:3
filter -m state ! --state NEW
filter -m conntrack ! --ctstate NEW,DNAT
filter -m conntrack --ctproto 6 --ctdir ORIGINAL --ctstatus CONFIRMED
filter -m conntrack --ctorigdst 10.0.0.0/24 --ctreplsrcport 5 --ctorigdstport 7:8 --ctexpire 5:7
filter -m mark ! --mark 5
filter -m connmark ! --mark 5/7
filter -m addrtype ! --src-type LOCAL --limit-iface-in
filter -m addrtype --src-type LOCAL,UNICAST --dst-type MULTICAST
filter -m limit --limit 3/hour --limit-burst 9
filter -m mac ! --mac-source 00:11:22:33:44:55
filter -m owner ! --uid-owner 5-9 --gid-owner 7 --socket-exists
filter -m pkttype ! --pkt-type multicast
filter -m statistic --mode nth --every 3 --packet 1
filter -m statistic --mode random ! --probability 0.5
filter -m iprange --src-range 10.0.0.1-10.0.0.9 ! --dst-range 10.1.0.1-10.1.0.2
filter -m length --length 100:200
filter -m length ! --length 5
filter -m ttl --ttl-lt 5
filter -m ttl ! --ttl-eq 5
filter -m hl --hl-gt 5
filter -m recent --name KUBE --rcheck --seconds 10800 --reap --rsource
filter -m recent --name KUBE --set --rdest
filter -m recent ! --name K2 --update --hitcount 4
filter -m physdev --physdev-in veth+ --physdev-is-bridged
filter -m policy --dir in --pol none
filter -m tos --tos 0x10/0x3f
filter -m dscp ! --dscp 46
filter -p tcp -m tcpmss --mss 5:7
filter -m helper --helper ftp
filter -m time --timestart 10:00
filter -m set ! --match-set cali40s src
filter -m set --match-set cali40s src -j MARK --set-xmark 0x1/0xff
filter -m cpu --cpu 1
filter -p icmp -m icmp --icmp-type 3/1
filter -p icmp -m icmp --icmp-type any
filter -p icmp -m icmp ! --icmp-type 8
filter -p ipv6-icmp -m icmp6 --icmpv6-type 128
filter -p ipv6-icmp -m icmp6 ! --icmpv6-type 1/4
filter -m socket --transparent --nowildcard
filter -m hashlimit --hashlimit-upto 5/sec --hashlimit-burst 5 --hashlimit-mode srcip --hashlimit-name x
filter -j LOG --log-prefix hello --log-level info --log-tcp-options --log-ip-options --log-uid
filter -j NFLOG --nflog-prefix pfx --nflog-group 3 --nflog-threshold 4
filter -p tcp -j REJECT --reject-with tcp-reset
filter -j REJECT
filter -j NFQUEUE --queue-num 3 --queue-bypass
filter -f -j RETURN
filter ! -f -s 10.0.0.0/255.0.255.0 ! -i eth+ -g u
mangle -m rpfilter --validmark --invert
mangle -m rpfilter --loose --accept-local
mangle -j MARK --set-xmark 5/7
mangle -j MARK --or-mark 5
mangle -j MARK --and-mark 5
mangle -j MARK --xor-mark 5
mangle -j CONNMARK --set-mark 5
mangle -j CONNMARK --save-mark
mangle -j CONNMARK --save-mark --mask 7
mangle -j CONNMARK --save-mark --nfmask 7 --ctmask 9
mangle -j CONNMARK --restore-mark --nfmask 7 --ctmask 9
mangle -j TOS --set-tos 0x10/0x3f
mangle -j DSCP --set-dscp 46
mangle -j TTL --ttl-set 5
mangle -j TTL --ttl-dec 5
mangle -j HL --hl-inc 5
mangle -p tcp -j TPROXY --on-port 5 --on-ip 127.0.0.1 --tproxy-mark 1/1
mangle -j TEE --gateway 10.0.0.2
mangle -p tcp -m tcp --syn -j TCPMSS --set-mss 1400
mangle -p tcp -m tcp --syn -j TCPMSS --clamp-mss-to-pmtu
mangle -j CLASSIFY --set-class 1:2
raw -j CT --notrack
raw -j CT --zone 5
raw -j NOTRACK
raw -j TRACE
nat -p tcp -j DNAT --to-destination 10.0.0.1:80-90 --random --persistent
nat -p tcp -j REDIRECT --to-ports 80-90 --random
nat -j REDIRECT
nat -p tcp -j MASQUERADE --to-ports 5-9 --random
nat -j MASQUERADE --random-fully
nat -j SNAT --to-source 10.0.0.1 --random-fully --persistent
nat -j NETMAP --to 10.0.0.0/24`.split("\n");

const isDoubted = (rule: Rule): boolean => rule.matches.some((match) => match.name === "unmodelled");

/** A rule as iptables-save prints it, in one spelling of what has several, without what a listing does not show. */
function canonical(rule: Rule, family: Family): string {
  return printRule(rule, family)
    .replace(/ -m (tcp|udp|sctp)(?= -|$)(?! --)/g, "")
    .replace("-j NOTRACK", "-j CT --notrack");
}

function rulesOf(text: string, family: Family, table: TableName): readonly Rule[] {
  const save = readSave(text, family);
  const found = save.rulesets.find((ruleset) => ruleset.family === family)?.tables.get(table);
  return [...(found?.chains.values() ?? [])].flatMap((chain) => (chain.name === "u" ? chain.rules : []));
}

describe.skipIf(!isRoot)("iptables -L", () => {
  beforeAll(() => {
    run("ip", ["netns", "add", HOME]);
    inside("ipset create cali40s hash:net");
  });
  afterAll(() => {
    if (isRoot) run("ip", ["netns", "del", HOME]);
  });

  function compare(
    backend: string,
    family: Family,
    table: TableName,
    rules: readonly string[],
  ): { told: number; doubted: string[] } {
    const tool = `${family === 6 ? "ip6tables" : "iptables"}-${backend}`;
    const body = rules.map((rule, i) => `[${i}:${i * 60}] -A u ${rule}`).join("\n");
    inside(`${tool}-restore -c`, `*${table}\n:u - [0:0]\n:cali-a - [0:0]\n:KUBE-B - [0:0]\n${body}\nCOMMIT\n`);
    const saved = rulesOf(inside(`${tool}-save -c -t ${table}`), family, table);
    const prompt = `root@n1:~# ${tool} -t ${table} -L -n -v -x --line-numbers\n`;
    const listed = rulesOf(prompt + inside(`${tool} -t ${table} -L -n -v -x --line-numbers`), family, table);
    expect(listed.length).toBe(saved.length);
    const doubted: string[] = [];
    for (const [index, rule] of saved.entries()) {
      const seen = listed[index];
      if (seen === undefined) throw new Error("a rule is lost");
      expect(seen.counters).toEqual(rule.counters);
      if (isDoubted(seen) && !isDoubted(rule)) doubted.push(rules[index] ?? "");
      else expect(canonical(seen, family)).toBe(canonical(rule, family));
    }
    // without -v, every rule that reads at all is in doubt, or lacks nothing but interfaces
    const brief = rulesOf(
      `${prompt.replace(" -v -x", "")}${inside(`${tool} -t ${table} -L -n --line-numbers`)}`,
      family,
      table,
    );
    expect(brief.length).toBe(saved.length);
    expect(brief.every(isDoubted)).toBe(true);
    return { told: rules.length, doubted };
  }

  for (const backend of ["nft", "legacy"]) {
    for (const family of [4, 6] as const) {
      test(`of iptables-${backend} tells IPv${family} rules as iptables-save has them, or doubts them`, () => {
        const doubts: string[] = [];
        let told = 0;
        for (const table of ["filter", "nat", "mangle", "raw"] as const) {
          for (const seed of [1, 2]) {
            const result = compare(
              backend,
              family,
              table,
              fc.sample(arbitraryRule(table, family), { numRuns: 150, seed }),
            );
            doubts.push(...result.doubted);
            told += result.told;
          }
        }
        expect(told).toBe(1200);
        // comments that hold what ends a comment, and the like
        expect(doubts.length, doubts.join("\n")).toBeLessThan(60);
      });

      test(`of iptables-${backend} shows each form of IPv${family} extensions in words that are read, or doubted`, () => {
        const doubts: string[] = [];
        for (const line of VOCABULARY) {
          const [table = "", rule = ""] = /^(\w+) (.*)$/.exec(line)?.slice(1) ?? [];
          if (table !== "filter" && table !== "nat" && table !== "mangle" && table !== "raw") throw new Error(line);
          let accepted = true;
          try {
            inside(
              `${family === 6 ? "ip6tables" : "iptables"}-${backend}-restore --test`,
              `*${table}\n:u - [0:0]\n-A u ${rule}\nCOMMIT\n`,
            );
          } catch {
            accepted = false;
          }
          if (accepted) doubts.push(...compare(backend, family, table, [rule]).doubted);
        }
        expect(doubts.map((rule) => rule.slice(0, 12))).toEqual(
          ["-m time --tim", "-m hashlimit"].map((rule) => rule.slice(0, 12)),
        );
      });
    }
  }

  test("of several tables, pasted one after another with and without prompts, is read table by table", () => {
    const pasted = (prompts: boolean): string =>
      ["filter", "nat", "mangle"]
        .map(
          (table) =>
            `${prompts ? `root@n1:~# iptables -nvL -t ${table}\n` : ""}${inside(`iptables-nft -t ${table} -L -n -v`)}`,
        )
        .join("");
    for (const text of [pasted(true), pasted(false)]) {
      const [ruleset] = readSave(text).rulesets;
      expect([...(ruleset?.tables.keys() ?? [])]).toEqual(["filter", "nat", "mangle"]);
      expect(codes(readSave(text))).not.toContain("repeated-table");
    }
  });
});
