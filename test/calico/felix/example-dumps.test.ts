import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { convertKubernetesNetworkPolicy } from "../../../src/calico/conversion/kubernetes-network-policy.ts";
import { convertRule } from "../../../src/calico/felix/convert-rule.ts";
import { dispatchChains } from "../../../src/calico/felix/dispatch-chains.ts";
import { type EndpointChainRequest, endpointChain } from "../../../src/calico/felix/endpoint-chain.ts";
import { commentedRule, type FelixChain, felixRuleText } from "../../../src/calico/felix/felix-rule.ts";
import { type FelixSettings, isSince } from "../../../src/calico/felix/felix-settings.ts";
import { policyChain } from "../../../src/calico/felix/policy-chain.ts";
import { type PolicyKey, policyChainName, profileChainName } from "../../../src/calico/felix/policy-chain-names.ts";
import { ANY_SIDE, type PolicyRule } from "../../../src/calico/felix/policy-rule.ts";
import { ruleHashes } from "../../../src/calico/felix/rule-hash.ts";
import { workloadInterfaceName } from "../../../src/calico/workload-interface-name.ts";
import { topField } from "../../../src/kubernetes/field.ts";
import { readKubernetesNetworkPolicy } from "../../../src/kubernetes/network-policy.ts";
import { NO_ORIGIN } from "../../../src/model/origin.ts";
import { upstreamText, withUpstreamData } from "../upstream-data.ts";
import { settingsOf } from "./settings-fixture.ts";

const ANY_RULE: PolicyRule = {
  action: "allow",
  family: null,
  protocol: null,
  notProtocol: null,
  source: ANY_SIDE,
  destination: ANY_SIDE,
  serviceSets: [],
  icmp: null,
  notIcmp: null,
  annotations: [],
};

const ALLOW_HTTP = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-http, namespace: team-b}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: team-a}}
      ports:
        - {protocol: TCP, port: 80}
`;

/** The policy's ingress rules, all the way from the object that a person wrote. */
function allowHttp(): readonly PolicyRule[] {
  const { policy } = convertKubernetesNetworkPolicy(readKubernetesNetworkPolicy(topField(load(ALLOW_HTTP)), NO_ORIGIN));
  return policy.ingress.map((rule) => {
    const converted = convertRule(rule, policy.namespace);
    if ("wrong" in converted) throw new Error(`${converted.wrong.field} parses`);
    return converted.rule;
  });
}

function workloadChains(settings: FelixSettings): readonly FelixChain[] {
  const newer = isSince(settings.band, "v3.32");
  const policy: PolicyKey = {
    kind: "KubernetesNetworkPolicy",
    namespace: "team-b",
    name: newer ? "allow-http" : "knp.default.allow-http",
    tier: "default",
  };
  const interfaceName = workloadInterfaceName("team-b", "web");
  const profiles = ["kns.team-b", "ksa.team-b.default"];
  const common = {
    interfaceName,
    kind: "normal",
    adminUp: true,
    profiles,
    failsafe: null,
    allowAction: "ACCEPT",
  } as const;
  const to: EndpointChainRequest = {
    ...common,
    prefix: "cali-tw-",
    direction: "ingress",
    tiers: [
      {
        name: "default",
        defaultAction: "Deny",
        groups: [{ tier: "default", selector: "all()", direction: "ingress", policies: [policy] }],
      },
    ],
    dropsEncapsulated: { vxlan: false, ipip: false },
  };
  const from: EndpointChainRequest = {
    ...common,
    prefix: "cali-fw-",
    direction: "egress",
    tiers: [],
    dropsEncapsulated: { vxlan: true, ipip: true },
  };
  const unknown = [commentedRule("Unknown interface", "", "--jump DROP")];
  const words = newer ? `${policy.kind} team-b/${policy.name}` : `Policy team-b/${policy.name}`;
  return [
    ...dispatchChains("cali-from-wl-dispatch", [interfaceName], "in", "cali-fw-", unknown),
    ...dispatchChains("cali-to-wl-dispatch", [interfaceName], "out", "cali-tw-", unknown),
    endpointChain(to, settings),
    endpointChain(from, settings),
    policyChain(policyChainName("ingress", policy, settings.band), `${words} ingress`, allowHttp(), settings),
    ...(["ingress", "egress"] as const).flatMap((direction) =>
      profiles.map((profile, i) =>
        policyChain(
          profileChainName(direction, profile),
          `Profile ${profile} ${direction}`,
          i === 0 ? [ANY_RULE] : [],
          settings,
        ),
      ),
    ),
  ];
}

/** The hashes of each chain of the filter table in a dump, in order. */
function dumpedHashes(text: string): ReadonlyMap<string, readonly string[]> {
  const chains = new Map<string, string[]>();
  const filter = text.slice(text.indexOf("*filter"));
  for (const [, chain = "", hash = ""] of filter.matchAll(/^-A (\S+) .*?"cali:([^"]+)"/gm)) {
    chains.set(chain, [...(chains.get(chain) ?? []), hash]);
  }
  return chains;
}

describe("the chains of a workload with a policy", () => {
  withUpstreamData(() => {
    for (const [file, vectors] of [
      ["example-v3.29", "v3.29"],
      ["example-v3.31", "v3.31-v3.32.0"],
      ["example-v3.32.1", "v3.32.1 to HEAD"],
    ] as const) {
      it(`have the hashes of ${file}`, () => {
        const dumped = dumpedHashes(upstreamText(`vectors/${file}.iptables-save.txt`));
        for (const { name, rules } of workloadChains(settingsOf(`${vectors}/ipip/random-fully`))) {
          expect(ruleHashes(name, rules.map(felixRuleText)), name).toEqual(dumped.get(name));
        }
      });
    }
  });
});
