import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { FelixBand } from "../../../src/calico/felix/felix-settings.ts";
import { ipSetName, setID } from "../../../src/calico/felix/ip-set-names.ts";
import { type PolicyKey, policyChainName, profileChainName } from "../../../src/calico/felix/policy-chain-names.ts";
import { lengthLimitedID } from "../../../src/calico/length-limited-id.ts";
import { parseSelector } from "../../../src/calico/selector/parse-selector.ts";
import { vtepMac } from "../../../src/calico/vtep-mac.ts";
import {
  endpointChainName,
  serviceChainName,
  servicePortName,
} from "../../../src/kubernetes/kube-proxy/chain-names.ts";
import { upstreamText, withUpstreamData } from "../upstream-data.ts";

const Names = z.object({
  lengthLimitedID: z.array(z.object({ prefix: z.string(), suffix: z.string(), max: z.number(), out: z.string() })),
  policyChains: z.array(z.object({ version: z.string(), policy: z.string(), chain: z.string(), egress: z.string() })),
  ipsets: z.array(z.object({ canonical: z.string(), set4: z.string(), set6: z.string() })),
  staticIpsets: z.record(z.string(), z.string()),
  vtepMac: z.array(z.object({ node: z.string(), mac: z.string(), mac6: z.string() })),
  kubeProxy: z.array(z.object({ svc: z.string(), proto: z.string(), chains: z.array(z.string()) })),
  kubeProxySep: z.array(z.object({ svc: z.string(), proto: z.string(), endpoint: z.string(), chain: z.string() })),
});

const BANDS: Readonly<Record<string, FelixBand>> = { "<=3.28": "v3.28", "3.29-3.31": "v3.29", ">=3.32": "v3.32" };

/** `KNP team-b/deny-from-other-ns` as the release stores it: older ones prefix what Kubernetes calls it. */
function policyOf(words: string, version: string): PolicyKey {
  const [kind = "", path = ""] = words.split(" ");
  const [first = "", second] = path.split("/");
  const namespace = second === undefined ? null : first;
  const name = second ?? first;
  if (kind === "KNP") {
    const stored = version === ">=3.32" ? name : `knp.default.${name}`;
    return { kind: "KubernetesNetworkPolicy", namespace, name: stored, tier: "default" };
  }
  return { kind: kind === "GNP" ? "GlobalNetworkPolicy" : "NetworkPolicy", namespace, name, tier: "default" };
}

describe("the names of Calico and kube-proxy", () => {
  withUpstreamData(() => {
    const names = Names.parse(JSON.parse(upstreamText("vectors/names.json")));

    it("are cut and hashed where they are too long", () => {
      for (const { prefix, suffix, max, out } of names.lengthLimitedID) {
        expect(lengthLimitedID(prefix, suffix, max)).toBe(out);
        if (prefix === "cali-pri-") expect(profileChainName("ingress", suffix)).toBe(out);
        if (prefix === "cali-pro-") expect(profileChainName("egress", suffix)).toBe(out);
      }
    });

    it("of policy chains follow the release", () => {
      for (const { version, policy, chain, egress } of names.policyChains) {
        const band = BANDS[version] ?? expect.fail(`no band for ${version}`);
        expect(policyChainName("ingress", policyOf(policy, version), band), policy).toBe(chain);
        expect(policyChainName("egress", policyOf(policy, version), band), policy).toBe(egress);
      }
    });

    it("of ipsets are hashes of canonical selectors, or fixed words", () => {
      for (const { canonical, set4, set6 } of names.ipsets) {
        const { selector } = parseSelector(canonical);
        const id = setID({ kind: "selector", selector: selector ?? expect.fail(canonical) });
        expect([ipSetName(id, 4), ipSetName(id, 6)]).toEqual([set4, set6]);
      }
      for (const [id, name] of Object.entries(names.staticIpsets)) expect(ipSetName(id, 4)).toBe(name);
    });

    it("give each node the hardware address of its VXLAN device", () => {
      for (const { node, mac, mac6 } of names.vtepMac)
        expect([vtepMac(node, 4), vtepMac(node, 6)]).toEqual([mac, mac6]);
    });

    it("of service and endpoint chains are kube-proxy's hashes", () => {
      const kinds = ["SVC", "SVL", "EXT", "FW"] as const;
      for (const { svc, proto, chains } of names.kubeProxy) {
        const [, namespace = "", name = "", port = ""] = /^([^/]+)\/([^:]+):?(.*)$/.exec(svc) ?? [];
        expect(servicePortName(namespace, name, port)).toBe(svc);
        expect(kinds.map((kind) => serviceChainName(kind, svc, proto))).toEqual(chains);
      }
      for (const { svc, proto, endpoint, chain } of names.kubeProxySep) {
        expect(endpointChainName(svc, proto, endpoint)).toBe(chain);
      }
    });
  });
});
