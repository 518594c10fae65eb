import { describe, expect, test } from "vitest";
import { calicoNodeEnvironment, felixOfEnvironment } from "../../src/calico/calico-node-environment.ts";
import { calicoShape } from "../../src/calico/schema/calico-shapes.ts";
import { isRecord } from "../../src/kubernetes/field.ts";
import { originTable } from "../../src/model/origin.ts";
import { formatAddress } from "../../src/net/address.ts";
import { formatPrefix } from "../../src/net/prefix.ts";
import { readClusterFolder } from "../../src/readers/cluster/read-cluster.ts";
import { readResources } from "../../src/readers/resources/read-resources.ts";
import { upstreamText, withUpstreamData } from "./upstream-data.ts";

const NODES =
  "apiVersion: podpath/v1\nkind: ClusterNodes\nversions: {kubernetes: v1.31.3}\ndefaults: {gateway: 172.16.0.1}\nnodes: {n1: {addresses: [172.16.0.11/24]}, n2: {interfaces: [{name: eth0, addresses: [172.16.0.12/24]}, {name: eth1, addresses: [10.1.0.12/24]}]}}\n";

function daemonSet(...variables: readonly string[]): string {
  return [
    "apiVersion: apps/v1",
    "kind: DaemonSet",
    "metadata: {name: calico-node, namespace: kube-system}",
    "spec:",
    "  selector: {matchLabels: {k8s-app: calico-node}}",
    "  template:",
    "    metadata: {labels: {k8s-app: calico-node}}",
    "    spec:",
    "      hostNetwork: true",
    "      tolerations: [{operator: Exists}]",
    "      containers:",
    "        - name: calico-node",
    "          image: docker.io/calico/node:v3.31.1",
    "          env:",
    ...variables.map((variable) => `            - {name: ${variable.replace("=", ', value: "')}"}`),
    "",
  ].join("\n");
}

const cluster = (...files: readonly string[]) =>
  readClusterFolder({
    name: "test",
    files: new Map([["nodes.yaml", NODES], ...files.map((text, i) => [`${i}.yaml`, text] as const)]),
  });

const pools = (...files: readonly string[]) =>
  [...cluster(...files).cluster.ipPools.values()].map(
    ({ cidr, ipipMode, vxlanMode, natOutgoing, blockSize }) =>
      `${formatPrefix(cidr)} ipip ${ipipMode} vxlan ${vxlanMode} nat ${natOutgoing} block ${blockSize}`,
  );

describe("calico/node makes its pools at the start", () => {
  test("of its variables", () => {
    expect(
      pools(
        daemonSet(
          "CALICO_IPV4POOL_CIDR=10.10.0.0/16",
          "CALICO_IPV4POOL_VXLAN=CrossSubnet",
          "CALICO_IPV4POOL_NAT_OUTGOING=false",
          "CALICO_IPV4POOL_BLOCK_SIZE=24",
        ),
      ),
    ).toEqual(["10.10.0.0/16 ipip Never vxlan CrossSubnet nat false block 24"]);
  });

  test("of kubeadm's network, and without a tunnel where nothing asks for one", () => {
    const kubeadm =
      "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking: {podSubnet: 10.20.0.0/16}\n";
    expect(pools(daemonSet(), kubeadm)).toEqual(["10.20.0.0/16 ipip Never vxlan Never nat true block 26"]);
  });

  test("but not where it is told to leave it", () => {
    expect(pools(daemonSet("NO_DEFAULT_POOLS=true"))).toEqual([]);
    expect(pools(daemonSet("CALICO_IPV4POOL_CIDR=none"))).toEqual([]);
  });
});

test("the version is that of the image", () => {
  expect(cluster(daemonSet()).settled.versions.calico).toBe("v3.31.1");
});

test("the node's address is found as IP_AUTODETECTION_METHOD says", () => {
  const address = (method: string): string => {
    const { nodes } = cluster(daemonSet(`IP_AUTODETECTION_METHOD=${method}`)).settled;
    const found = nodes.find(({ name }) => name === "n2")?.bgpIPv4?.address;
    return found === undefined ? "none" : formatAddress(found);
  };
  expect(address("interface=eth0")).toBe("172.16.0.12");
  expect(address("interface=eth1")).toBe("10.1.0.12");
  expect(address("cidr=10.1.0.0/16")).toBe("10.1.0.12");
});

describe("what calico/node is told and podpath does not follow", () => {
  const about = (...files: readonly string[]): readonly string[] =>
    cluster(...files).findings.flatMap(({ code, file, line, message }) =>
      code === "environment-not-honoured" || code === "address-not-looked-for" ? [`${file}:${line} ${message}`] : [],
    );

  test("is told on the variable's own line", () => {
    const told = about(
      daemonSet(
        "FELIX_HEALTHENABLED=true",
        "FELIX_IPINIPMUT=1400",
        "CLUSTER_TYPE=k8s,openstack",
        "AS=64512",
        "IP=172.16.0.9/24",
      ),
    );
    expect(told.map((text) => text.replace(/ DaemonSet \S+| spec\.\S+| has/g, "").slice(0, 60))).toEqual([
      expect.stringMatching(/^0\.yaml:16 .*FELIX_IPINIPMUT/),
      expect.stringMatching(/^0\.yaml:17 .*CLUSTER_TYPE/),
      expect.stringMatching(/^0\.yaml:18 .*AS: /),
      expect.stringMatching(/^0\.yaml:19 .*IP: /),
    ]);
  });

  test("is nothing of what decides about no packet", () => {
    const quiet = [
      "CLUSTER_TYPE=k8s,bgp",
      "DATASTORE_TYPE=kubernetes",
      "FELIX_HEALTHENABLED=true",
      "FELIX_TYPHAADDR=x:1",
      "IP=autodetect",
    ];
    expect(about(daemonSet(...quiet))).toEqual([]);
  });

  test("is what it takes from a ConfigMap that is not there", () => {
    const text = daemonSet("X=1").replace(
      '{name: X, value: "1"}',
      "{name: FELIX_VXLANMTU, valueFrom: {configMapKeyRef: {name: calico-config, key: veth_mtu}}}",
    );
    expect(about(text)).toEqual([expect.stringMatching(/^0\.yaml:15 .*FELIX_VXLANMTU: .*counts as not set/)]);
    const map =
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: calico-config, namespace: kube-system}\ndata: {veth_mtu: '1400'}\n";
    expect(about(text, map)).toEqual([]);
  });

  test("a value that Felix refuses is told where it stands", () => {
    const { findings } = cluster(daemonSet("FELIX_HEALTHENABLED=true", "FELIX_SERVICELOOPPREVENTION=Ignore"));
    expect(findings.find(({ code }) => code === "felix-setting-refused")).toMatchObject({ file: "0.yaml", line: 16 });
  });
});

test("a mounted felix.cfg counts where no variable says otherwise", () => {
  const file = "[global]\nServiceLoopPrevention = Disabled\nVXLANPort = 5000\n[other]\nVXLANVNI = 7\n";
  const map = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: felix, namespace: kube-system}\ndata: {felix.cfg: ${JSON.stringify(file)}}\n`;
  const mounted = `${daemonSet("FELIX_VXLANPORT=6000")}      volumes: [{name: cfg, configMap: {name: felix}}]\n`;
  const environment = calicoNodeEnvironment(readResources(`${mounted}---\n${map}`, "x.yaml", originTable()).resources);
  if (environment === null) throw new Error("no environment");
  expect(Object.fromEntries(felixOfEnvironment(environment).spec)).toEqual({
    serviceLoopPrevention: "Disabled",
    vxlanPort: 6000,
  });
});

test("IPv6 addresses of nodes are looked for where IP6 says so", () => {
  const dual = NODES.replace("[172.16.0.11/24]", "[172.16.0.11/24, fd00:1::11/64]");
  const pool = "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: six}\nspec: {cidr: fd00:10::/64}\n";
  const six = (...variables: readonly string[]): string => {
    const files = new Map([
      ["nodes.yaml", dual],
      ["0.yaml", daemonSet(...variables)],
      ["1.yaml", pool],
    ]);
    const { settled, findings } = readClusterFolder({ name: "test", files });
    const found = settled.nodes.find(({ name }) => name === "n1");
    const told = findings.some(({ code }) => code === "address-not-looked-for") ? " told" : "";
    return (
      [found?.bgpIPv4, found?.bgpIPv6].map((one) => (one == null ? "none" : formatAddress(one.address))).join(" ") +
      told
    );
  };
  expect(six("IP=autodetect", "IP6=autodetect")).toBe("172.16.0.11 fd00:1::11");
  expect(six("IP=autodetect")).toBe("172.16.0.11 none told");
  expect(six("IP=none", "IP6=autodetect")).toBe("none fd00:1::11");
});

describe("Felix's variables go before what the datastore says", () => {
  const configuration =
    "apiVersion: projectcalico.org/v3\nkind: FelixConfiguration\nmetadata: {name: node.n1}\nspec: {defaultEndpointToHostAction: Accept, iptablesFilterDenyAction: Reject}\n";
  const rules = (...files: readonly string[]): string => {
    const { network } = cluster(...files);
    const filter = network.hosts
      .get("n1")
      ?.rulesets.flatMap(({ tables }) => [...tables.values()])
      .find(({ name }) => name === "filter");
    return [...(filter?.chains.values() ?? [])]
      .filter((chain) => chain.name.startsWith("cali-"))
      .flatMap((chain) =>
        chain.rules.map((rule) => `${chain.name} ${rule.target?.kind === "extension" ? rule.target.call.name : ""}`),
      )
      .join("\n");
  };

  test("also on the one node", () => {
    const both = daemonSet("FELIX_DEFAULTENDPOINTTOHOSTACTION=Return", "felix_iptablesfilterdenyaction=Drop");
    expect(rules(both, configuration)).not.toContain("REJECT");
    expect(rules(daemonSet(), configuration)).toContain("REJECT");
  });

  test("in the forms that variables have", () => {
    const resources = readResources(
      daemonSet(
        "FELIX_IPTABLESMARKMASK=0xff000000",
        "FELIX_IPINIPMTU=1400",
        "FELIX_FAILSAFEINBOUNDHOSTPORTS=tcp:22,udp:10.0.0.0/8:68",
        "FELIX_FAILSAFEOUTBOUNDHOSTPORTS=none",
        "FELIX_EXTERNALNODESCIDRLIST=10.5.0.0/16,10.6.0.1",
        "FELIX_WIREGUARDENABLED=true",
      ),
      "x.yaml",
      originTable(),
    ).resources;
    const environment = calicoNodeEnvironment(resources);
    if (environment === null) throw new Error("no environment");
    expect(Object.fromEntries(felixOfEnvironment(environment).spec)).toEqual({
      externalNodesList: ["10.5.0.0/16", "10.6.0.1"],
      failsafeInboundHostPorts: [
        { protocol: "tcp", port: 22 },
        { protocol: "udp", port: 68, net: "10.0.0.0/8" },
      ],
      failsafeOutboundHostPorts: [],
      ipipMTU: 1400,
      iptablesMarkMask: 0xff000000,
      wireguardEnabled: true,
    });
  });
});

withUpstreamData(() => {
  test("every variable of Felix that has a field reaches that field", () => {
    const document: unknown = JSON.parse(upstreamText("head/felix/docs/config-params.json"));
    const shape = calicoShape("FelixConfiguration");
    const spec = shape?.type === "object" ? shape.fields.get("spec")?.shape : undefined;
    const known = spec?.type === "object" ? spec.fields : new Map();
    const wrong: string[] = [];
    let asked = 0;
    const groups = isRecord(document) ? (document["Groups"] ?? document["groups"]) : [];
    for (const group of Array.isArray(groups) ? groups : []) {
      for (const { NameYAML, NameEnvVar } of group.Fields) {
        // durations have a unit in one form and none in the other; nothing of them decides about packets
        if (NameYAML === "" || !known.has(NameYAML) || /(?:Secs|Millis)$/.test(NameEnvVar)) continue;
        asked++;
        const environment = {
          metadata: {
            kind: "",
            apiVersion: "",
            namespace: null,
            name: "",
            labels: new Map(),
            annotations: new Map(),
            origin: 0,
          },
          values: new Map([[String(NameEnvVar).toUpperCase(), "1"]]),
          places: new Map(),
          unresolved: [],
        };
        const { spec: got } = felixOfEnvironment(environment);
        if (!got.has(NameYAML) || got.size !== 1) wrong.push(`${NameEnvVar} is ${[...got.keys()].join()}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(asked).toBeGreaterThan(100);
  });

  test.each(["calico.yaml", "calico-vxlan.yaml"])("upstream's %s is understood as it is", (name) => {
    const { cluster: made, findings, settled } = cluster(upstreamText(`v3.29.2/manifests/${name}`));
    expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(settled.versions.calico).toBe("v3.29.2");
    const [pool] = made.ipPools.values();
    expect([pool?.ipipMode, pool?.vxlanMode]).toEqual(
      name === "calico.yaml" ? ["Always", "Never"] : ["Never", "CrossSubnet"],
    );
  });
});
