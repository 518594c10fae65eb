import { describe, expect, it } from "vitest";
import { firstRule, readWords, reprint } from "./helpers.ts";

describe("reading a rule as iptables does", () => {
  it.each([
    ["-s 10.0.0.1 -j ACCEPT", "-s 10.0.0.1/32 -j ACCEPT"],
    ["-s 10.0.0.1/8 -j ACCEPT", "-s 10.0.0.0/8 -j ACCEPT"],
    ["-s 0.0.0.0/0 -j ACCEPT", "-j ACCEPT"],
    ["! -s 0.0.0.0/0 -j ACCEPT", "! -s 0.0.0.0/0 -j ACCEPT"],
    ["-s 10.0.0.1/255.0.255.0 -j ACCEPT", "-s 10.0.0.0/255.0.255.0 -j ACCEPT"],
    ["-s 10.1 -j ACCEPT", "-s 10.1.0.0/32 -j ACCEPT"],
    ["-s 10.0/16 -j ACCEPT", "-s 10.0.0.0/16 -j ACCEPT"],
    ["-i + -o + -j ACCEPT", "-j ACCEPT"],
    ["! -i eth+ ! -o lo -j ACCEPT", "! -i eth+ ! -o lo -j ACCEPT"],
    ["-p all -j ACCEPT", "-j ACCEPT"],
    ["-p 17 -j ACCEPT", "-p udp -j ACCEPT"],
    ["-p 4 -j ACCEPT", "-p ipencap -j ACCEPT"],
    ["-p ICMP -j ACCEPT", "-p icmp -j ACCEPT"],
    ["-p 254 -j ACCEPT", "-p 254 -j ACCEPT"],
    ["! -f -j ACCEPT", "! -f -j ACCEPT"],
    ["-p tcp --dport 80 -j ACCEPT", "-p tcp -m tcp --dport 80 -j ACCEPT"],
    ["-p tcp -m comment --comment x --dport 80 -j ACCEPT", "-p tcp -m comment --comment x -m tcp --dport 80 -j ACCEPT"],
    ["-p tcp -m tcp --dport 80 --sport 1 -j ACCEPT", "-p tcp -m tcp --sport 1 --dport 80 -j ACCEPT"],
    ["-p tcp --dport 80 -m tcp --sport 3 -j ACCEPT", "-p tcp -m tcp --dport 80 -m tcp --sport 3 -j ACCEPT"],
    ["-p icmp --icmp-type 8 -j ACCEPT", "-p icmp -m icmp --icmp-type 8 -j ACCEPT"],
    ["-m mark --mark 1 -m mark --mark 2 -j ACCEPT", "-m mark --mark 0x1 -m mark --mark 0x2 -j ACCEPT"],
    ["-j LOG -m comment --comment x --log-prefix hi", "-m comment --comment x -j LOG --log-prefix hi"],
    ["-m comment --comment a:b/c -j ACCEPT", '-m comment --comment "a:b/c" -j ACCEPT'],
    ["-m comment --comment é -j ACCEPT", '-m comment --comment "é" -j ACCEPT'],
    ['-m comment --comment "!" -j ACCEPT', '-m comment --comment "!" -j ACCEPT'],
    ['-m comment --comment "-j DROP" -j ACCEPT', '-m comment --comment "-j DROP" -j ACCEPT'],
    ['-m comment --comment "" -j ACCEPT', '-m comment --comment "" -j ACCEPT'],
    ["-m comment --comment=abc -j ACCEPT", "-m comment --comment abc -j ACCEPT"],
    ["-m comment --comm abc -j ACCEPT", "-m comment --comment abc -j ACCEPT"],
    [
      "--source 10.0.0.1 --destination 10.0.0.2 --protocol udp --jump ACCEPT",
      "-s 10.0.0.1/32 -d 10.0.0.2/32 -p udp -j ACCEPT",
    ],
    ["--in-interface a --out-interface b --goto cali-a", "-i a -o b -g cali-a"],
    ["-j NOTRACK", "-j NOTRACK"],
    ["", ""],
  ])("%s is what iptables-save prints as %s", (written, saved) => {
    expect(readWords(written).problems).toEqual([]);
    expect(reprint(written)).toEqual([saved]);
    expect(reprint(saved)).toEqual([saved]);
  });

  it.each([
    ["-s fd00::1/ffff:0:ffff:: -j ACCEPT", "-s fd00::/ffff:0:ffff:: -j ACCEPT"],
    ["-s ::ffff:1.2.3.4 -j ACCEPT", "-s ::ffff:1.2.3.4/128 -j ACCEPT"],
    ["-s ::/0 -j ACCEPT", "-j ACCEPT"],
    ["-p icmpv6 -m icmpv6 --icmpv6-type 128 -j ACCEPT", "-p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT"],
    ["-p icmpv6 --icmpv6-type 128 -j ACCEPT", "-p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT"],
  ])("IPv6 %s is what ip6tables-save prints as %s", (written, saved) => {
    expect(readWords(written, 6).problems).toEqual([]);
    expect(reprint(written, 6)).toEqual([saved]);
  });

  it("makes one rule for each pair of listed addresses, in iptables' order", () => {
    expect(reprint("-s 10.0.0.1,10.0.0.2 -d 1.1.1.1,2.2.2.2 -j ACCEPT")).toEqual([
      "-s 10.0.0.1/32 -d 1.1.1.1/32 -j ACCEPT",
      "-s 10.0.0.1/32 -d 2.2.2.2/32 -j ACCEPT",
      "-s 10.0.0.2/32 -d 1.1.1.1/32 -j ACCEPT",
      "-s 10.0.0.2/32 -d 2.2.2.2/32 -j ACCEPT",
    ]);
  });

  it("understands the ! of old dumps, which stood after the option", () => {
    expect(reprint("-s ! 10.0.0.1 -p ! tcp -j ACCEPT")).toEqual(["! -s 10.0.0.1/32 ! -p tcp -j ACCEPT"]);
    expect(reprint("-p tcp -m tcp --dport ! 80 -j ACCEPT")).toEqual(["-p tcp -m tcp ! --dport 80 -j ACCEPT"]);
  });

  it("reads counters written in the rule, with a blank or a comma", () => {
    expect(firstRule("-c 3 4 -j ACCEPT").counters).toEqual({ packets: 3, bytes: 4 });
    expect(firstRule("-c 3,4 -j ACCEPT").counters).toEqual({ packets: 3, bytes: 4 });
  });

  it("leaves out rules that are for the other family", () => {
    expect(readWords("-6 -j ACCEPT").rules).toEqual([]);
    expect(readWords("-4 -j ACCEPT").rules).toHaveLength(1);
    expect(readWords("-4 -j ACCEPT", 6).rules).toEqual([]);
  });

  it("tells a jump from a goto, and a chain from a target", () => {
    expect(firstRule("-j cali-a").target).toEqual({ kind: "jump", chain: "cali-a" });
    expect(firstRule("-g KUBE-B").target).toEqual({ kind: "goto", chain: "KUBE-B" });
    expect(firstRule("-j RETURN").target).toEqual({ kind: "verdict", verdict: "RETURN" });
    expect(firstRule("-s 10.0.0.1").target).toBeNull();
  });

  it("gives an option to the extension loaded last that knows it", () => {
    expect(reprint("-j CONNMARK --restore-mark -m connmark --mark 3 --mask 0xff")).toEqual([
      "-m connmark --mark 0x3 -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff",
    ]);
  });
});

describe("a rule that is not understood", () => {
  it("keeps a match that is not modelled, with all of its words, and says so once", () => {
    const { rules, problems } = readWords("-p tcp -m srh --srh-next-hdr 6 -m tcp --dport 80 -j ACCEPT");
    expect(rules[0]?.matches.map(({ name }) => name)).toEqual(["unmodelled", "tcp"]);
    expect(problems.map(({ severity }) => severity)).toEqual(["info"]);
    expect(reprint("-p tcp -m srh --srh-next-hdr 6 -m tcp --dport 80 -j ACCEPT")).toEqual([
      "-p tcp -m srh --srh-next-hdr 6 -m tcp --dport 80 -j ACCEPT",
    ]);
  });

  it("becomes unknown where a match has an option that is not modelled, without losing it", () => {
    const text = "-p tcp -m tcp --dport 80 ! --frobnicate 5 -j ACCEPT";
    expect(firstRule(text).matches.map(({ name }) => name)).toEqual(["unmodelled"]);
    expect(reprint(text)).toEqual([text]);
  });

  it("becomes unknown where the options of a match or target make no sense", () => {
    const { rules, problems } = readWords("-m mark --mark zzz -j MARK --set-mark 1 --or-mark 2");
    expect(rules[0]?.matches[0]).toEqual({
      name: "unmodelled",
      options: { extension: "mark", arguments: ["--mark", "zzz"], damage: { line: 0, lost: false } },
    });
    expect(rules[0]?.target).toMatchObject({ call: { name: "unmodelled" } });
    expect(problems.map(({ code, column }) => [code, column])).toEqual([
      ["bad-options", 4],
      ["bad-options", 23],
    ]);
  });

  it.each([
    ["-s node1.example -j ACCEPT", "is a host name"],
    ["-s xx.xx.199.27 -j ACCEPT", "is not an IPv4 address"],
    ["-s fe80::1 -j ACCEPT", "is not an IPv4 address"],
    ["-s 10.0.0.0/33 -j ACCEPT", "is not an IPv4 address"],
    ["-s 010.0.0.1 -j ACCEPT", "is not an IPv4 address"],
    ["! -s 10.0.0.1,10.0.0.2 -j ACCEPT", "A list of addresses"],
    ["-s 1.1.1.1 -s 2.2.2.2 -j ACCEPT", "stands twice"],
    ["-p tcp -p udp -j ACCEPT", "stands twice"],
    ["-j ACCEPT -j DROP", "stands twice"],
    ["-p nonsense -j ACCEPT", "Unknown protocol"],
    ["! -p all -j ACCEPT", "no protocol at all"],
    ["-i averylonginterfacename -j ACCEPT", "cannot be an interface name"],
    ["-m mark --mark 1 --mark 2 -j ACCEPT", "stands twice"],
    ["-m mark --mark 1 stray -j ACCEPT", "belongs to no option"],
    ["! -j ACCEPT", "cannot stand before -j"],
    ["! ! -p tcp -j ACCEPT", "before another one"],
    ["-p tcp !", "at the end"],
    ["--frobnicate 1 -j ACCEPT", "Unknown option"],
    ["-p udp -m udp --dport", "requires an argument"],
    ["-p tcp -j", "Nothing follows -j"],
    ["-j MARK", "--set-xmark"],
    ["-j nochain", "chain that the table does not have"],
    ["-g nochain", "chain that the table does not have"],
  ])("%s is told, kept, and never matches for sure", (text, message) => {
    const { rules, problems } = readWords(text);
    expect(problems.map((problem) => problem.message).join(" ")).toContain(message);
    expect(problems[0]?.severity).toBe("warning");
    const [rule] = rules;
    const unknown = rule?.matches.some(({ name }) => name === "unmodelled");
    const unknownTarget = rule?.target?.kind === "extension" && rule.target.call.name === "unmodelled";
    expect(unknown || unknownTarget).toBe(true);
    const [printed = ""] = reprint(text);
    expect(reprint(printed)).toEqual([printed]);
  });

  it("may have lost its target where it is cut off", () => {
    const rule = firstRule("-p tcp -m tcp --dport 80 …");
    expect(rule.target).toMatchObject({ call: { name: "unmodelled" } });
  });

  it("knows targets that exist but are not modelled from chains that do not exist", () => {
    expect(readWords("-j CLUSTERIP --new").problems[0]?.severity).toBe("info");
    expect(reprint("-j CLUSTERIP --new")).toEqual(["-j CLUSTERIP --new"]);
    expect(readWords("-j KUBE-GONE").problems[0]?.severity).toBe("warning");
  });

  it("loads a match that -p implies and podpath does not model", () => {
    expect(reprint("-p esp --espspi 500 -j ACCEPT")).toEqual(["-p esp -m esp --espspi 500 -j ACCEPT"]);
  });
});
