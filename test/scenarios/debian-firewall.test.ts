import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { folder, podpath } from "../cli/command.ts";
import { ROOT } from "../docs/root.ts";

const SCENARIO = resolve(ROOT, "scenarios/debian-firewall");
const LEFT = "pod/default/left-trsl76tcns-6tqm6";
const RIGHT = "pod/default/right-bb7tx8hd9b-krk7g";

interface Played {
  readonly probes: readonly { readonly name: string; readonly verdict: string }[];
  readonly fixes: readonly { readonly name: string; readonly probes: readonly { readonly verdict: string }[] }[];
}

/** A scenario on the same cluster: pings from one node's pod to another's, at times; what they give. */
async function pings(timeline: string, times: readonly number[], more: Readonly<Record<string, string>> = {}) {
  const probes = times.map((at) => `  - {name: "${at}", at: ${at}, from: ${LEFT}, to: ${RIGHT}, kind: ping}`);
  const text = [
    "apiVersion: podpath/v1",
    "kind: Scenario",
    "metadata: {name: s}",
    `network: {cluster: ${JSON.stringify(`${SCENARIO}/cluster`)}}`,
    timeline === "" ? "" : `timeline:\n${timeline}`,
    "probes:",
    ...probes,
    "",
  ].join("\n");
  const path = folder({ "scenario.yaml": text, ...more });
  const { code, out, err } = await podpath(["run", path, "--json"]);
  const { probes: played } = JSON.parse(out);
  const results: Record<string, string> = {};
  for (const { name, answer } of played) results[name] = answer.branches[0].result;
  return { code, err, results };
}

const everywhere = (at: number, command: string): string =>
  ["control-plane", "worker-*"]
    .map((host) => `  - {at: ${at}, change: {exec: {host: "${host}", command: ${JSON.stringify(command)}}}}\n`)
    .join("");

describe("the article, from its manifests", () => {
  test("happens: sessions outlive the hardening, not the restart; accepting 179 and VXLAN repair it, IPIP does not", async () => {
    const { code, out } = await podpath(["run", SCENARIO, "--json"]);
    const played: Played = JSON.parse(out);
    expect(played.probes.filter(({ verdict }) => verdict !== "held")).toEqual([]);
    expect(played.fixes.map(({ name, probes }) => [name, ...probes.map(({ verdict }) => verdict)])).toEqual([
      ["accept-bgp", "held", "held"],
      ["vxlan", "held"],
      ["ipip-does-not-help", "held"],
      ["another-restart-does-not-help", "held"],
    ]);
    expect(code).toBe(0);
  });

  test("is the same each time", async () => {
    const [first, second] = [await podpath(["run", SCENARIO, "--json"]), await podpath(["run", SCENARIO, "--json"])];
    expect(second.out).toBe(first.out);
  });

  test("keeps fixes from learners with --hide-answer", async () => {
    const { out } = await podpath(["run", SCENARIO, "--hide-answer"]);
    expect(out).not.toContain("accept-bgp");
    expect(out).not.toContain("Lesson");
  });
});

describe("a timeline", () => {
  test("lets the hold timer run out where both ends of a session lose its packets", async () => {
    const rules = everywhere(10, "iptables -I INPUT -p tcp --dport 179 -j DROP").concat(
      everywhere(10, "iptables -I INPUT -p tcp --sport 179 -j DROP"),
    );
    const { results } = await pings(rules, [5, 100, 600]);
    expect(results).toEqual({ "5": "answered", "100": "answered", "600": "timeout" });
  });

  test("brings routes back when the rule is deleted again", async () => {
    const drop = "INPUT -p tcp -m multiport --ports 179 -j DROP";
    const { results } = await pings(
      everywhere(10, `iptables -A ${drop}`) + everywhere(800, `iptables -D ${drop}`),
      [700, 1300],
    );
    expect(results).toEqual({ "700": "timeout", "1300": "answered" });
  });

  test("follows sysctls and links at once", async () => {
    const { results } = await pings(
      [
        `  - {at: 10, change: {exec: {host: worker-1, command: "sysctl -w net.ipv4.ip_forward=0"}}}`,
        `  - {at: 20, change: {exec: {host: worker-1, command: "sysctl -w net.ipv4.ip_forward=1"}}}`,
        `  - {at: 30, change: {exec: {host: worker-2, command: "ip link set eth0 down"}}}`,
        "",
      ].join("\n"),
      [15, 25, 35],
    );
    // as measured in the capture forwarding-off-at-source-expired: nobody answers the pod's ARP request
    expect(results).toEqual({ "15": "unreachable", "25": "answered", "35": "unreachable" });
  });

  test("applies manifests as kubectl does: an object of the same name is replaced", async () => {
    const policy = (pods: string): string =>
      `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: default}\nspec: {podSelector: {${pods}}, policyTypes: [Ingress]}\n`;
    const { results, err } = await pings(
      "  - {at: 10, change: {apply: deny.yaml}}\n  - {at: 20, change: {apply: other.yaml}}\n",
      [5, 15, 25],
      { "deny.yaml": policy("matchLabels: {app: right}"), "other.yaml": policy("matchLabels: {app: left}") },
    );
    expect(err).toBe("");
    expect(results).toEqual({ "5": "answered", "15": "timeout", "25": "answered" });
  });

  test("tells why the session is down that would have brought the route: the rule that was typed, and what lets it up", async () => {
    const text = [
      "apiVersion: podpath/v1",
      "kind: Scenario",
      "metadata: {name: s}",
      `network: {cluster: ${JSON.stringify(`${SCENARIO}/cluster`)}}`,
      "timeline:",
      '  - {at: 10, change: {exec: {host: "worker-*", command: "iptables -A INPUT -p tcp --dport 179 -j DROP"}}}',
      '  - {at: 20, change: {daemon: {host: "*", name: bird, action: restart}}}',
      `probes: [{name: p, from: ${LEFT}, to: ${RIGHT}, kind: ping, expect: {result: answered}}]`,
      "",
    ].join("\n");
    const { code, out } = await podpath(["run", folder({ "scenario.yaml": text })]);
    expect(code).toBe(1);
    const words = out.replaceAll(/\s+/g, " ");
    expect(words).toMatch(/worker-1 has no route to 192\.168\.133\.192\/26, which worker-2 has: BGP worker-1–worker-2/);
    expect(words).toMatch(
      /SYN to 172\.16\.0\.10 \(worker-1\) port 179 was dropped on worker-1 in INPUT .*scenario\.yaml:6/,
    );
    expect(words).toContain("to let it up: iptables -I INPUT -p tcp --dport 179 -j ACCEPT on worker-1");
  });

  test("judges nothing after a change that could not be made, and says where it stands", async () => {
    const { code, err } = await pings(
      "  - {at: 10, change: {exec: {host: worker-1, command: iptables -D INPUT 9}}}\n",
      [15],
    );
    expect(code).toBe(2);
    expect(err).toMatch(/scenario\.yaml:6: .*worker-1 refuses `iptables -D INPUT 9`: INPUT has no rule 9/);
  });
});

test("the rules that are loaded are those of the capture", () => {
  const rules = (path: string): string => readFileSync(resolve(ROOT, path), "utf8");
  expect(rules("scenarios/debian-firewall/hardened.rules")).toBe(
    rules("scenarios/debian-firewall-blocks-bgp/hardened.rules"),
  );
});
