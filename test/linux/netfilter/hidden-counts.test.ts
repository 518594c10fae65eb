import { describe, expect, it } from "vitest";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { parsePacketLine } from "../../../src/trace/packet-question.ts";
import { createPacketSession } from "../../../src/trace/packet-session.ts";

const CLOCK = "now at 36120000000000 nsecs\njiffies: 4303922296\n";
/** 10.0.0.2 was seen 1 s and 10 s before the dump. */
const SEEN = `==> /proc/net/xt_recent/seen <==\nsrc=10.0.0.2 ttl: 64 last_seen: 4303922046 oldest_pkt: 2 4303919796, 4303922046\n${CLOCK}`;

/** Outcomes with their probabilities, certainty, and the codes of what it rests on, about a packet from 10.0.0.2. */
function ask(rule: string, lists: string | null, strict = false) {
  const files = new Map([
    ["nodes/n1/ip-addr.txt", "2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500\n    inet 10.0.0.1/24 scope global eth0\n"],
    [
      "nodes/n1/ip-route.txt",
      "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\nlocal 10.0.0.1 dev eth0 table local proto kernel scope host src 10.0.0.1\n",
    ],
    ["nodes/n1/sockets.txt", "udp UNCONN 0 0 0.0.0.0:53 0.0.0.0:*\n"],
    ["nodes/n1/iptables-legacy-save.txt", `*filter\n:INPUT ACCEPT [0:0]\n-A INPUT ${rule}\nCOMMIT\n`],
    ...(lists === null ? [] : [["nodes/n1/xt-recent.txt", lists] as const]),
  ]);
  const { network } = readSnapshot({ name: "counts", files });
  const packet = { host: "n1", interface: "eth0", src: "10.0.0.2", dst: "10.0.0.1", proto: "udp", dport: 53 };
  const asked = parsePacketLine(JSON.stringify(packet), { file: "test", line: 1 });
  if ("findings" in asked) throw new Error(asked.findings[0]?.message);
  const said = createPacketSession(network).ask(asked.question, { strict });
  if ("findings" in said) throw new Error(said.findings[0]?.message);
  const { branches, certainty, assumptions } = said.answer;
  const ends = branches.map(({ run }) => run.journeys[run.first]?.end?.ending.outcome);
  const rests = assumptions.map(({ code }) => code).filter((code) => /limit|recent/.test(code));
  return { ends: [...new Set(ends)].sort(), certainty, rests };
}

describe("what a match counted before the dump", () => {
  it.each([
    "-m limit --limit 3/min -j DROP",
    "-m quota --quota 5000 -j DROP",
    "-m hashlimit --hashlimit-upto 3/min --hashlimit-mode srcip --hashlimit-name h -j DROP",
  ])("is nothing by assumption: %s", (rule) => {
    expect(ask(rule, null)).toEqual({ ends: ["dropped"], certainty: "certain", rests: ["rate-limit-unused"] });
    expect(ask(rule, null, true).certainty).toBe("uncertain");
  });

  it("is not asked for where nobody would notice", () => {
    expect(ask("-m limit --limit 3/min -j LOG", null).rests).toEqual([]);
    expect(ask("-m limit --limit 3/min", null).rests).toEqual([]);
  });

  it("is a branch for -m statistic --mode nth", () => {
    const { ends, certainty } = ask("-m statistic --mode nth --every 3 --packet 0 -j DROP", null);
    expect([ends, certainty]).toEqual([["delivered", "dropped"], "branching"]);
  });

  it.each([
    ["--rcheck", "dropped"],
    ["--rcheck --seconds 5", "dropped"],
    ["--rcheck --seconds 5 --hitcount 2", "delivered"],
    ["--rcheck --seconds 60 --hitcount 2", "dropped"],
    ["--rcheck --hitcount 3", "delivered"],
    ["! --rcheck --seconds 60", "delivered"],
  ])("stands in a list of -m recent: %s", (options, outcome) => {
    const rule = `-m recent ${options} --name seen --rsource -j DROP`;
    expect(ask(rule, SEEN)).toEqual({ ends: [outcome], certainty: "certain", rests: [] });
    expect(ask(rule, null).rests).toEqual(["recent-lists-empty"]);
    expect(ask(rule, null, true).certainty).toBe("uncertain");
  });

  it("is not told by a list without the time, where it matters", () => {
    const untimed = SEEN.replace(CLOCK, "");
    const of = (options: string) => ask(`-m recent ${options} --name seen --rsource -j DROP`, untimed);
    expect(of("--rcheck --seconds 5").certainty).toBe("uncertain");
    expect(of("--rcheck --seconds 5 --hitcount 3")).toEqual({ ends: ["delivered"], certainty: "certain", rests: [] });
    expect(of("--rcheck")).toEqual({ ends: ["dropped"], certainty: "certain", rests: [] });
  });
});
