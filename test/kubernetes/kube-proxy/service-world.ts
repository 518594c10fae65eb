import fc from "fast-check";

export interface WorldEndpoint {
  /** Address of a pod: see PODS. */
  readonly ip: string;
  readonly port: number;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly node: "node" | "other";
  readonly zone: string | null;
}

export interface WorldService {
  readonly clusterIP: string;
  readonly type: "ClusterIP" | "NodePort" | "LoadBalancer";
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
  readonly nodePort: number;
  readonly externalIPs: readonly string[];
  readonly vips: readonly string[];
  readonly sourceRanges: readonly string[];
  readonly affinity: boolean;
  readonly internal: "Cluster" | "Local";
  readonly external: "Cluster" | "Local";
  readonly endpoints: readonly WorldEndpoint[];
}

export interface ServiceWorld {
  readonly services: readonly WorldService[];
  readonly masqueradeAll: boolean;
  readonly detect: "ClusterCIDR" | "NodeCIDR" | "none";
  readonly localhostNodePorts: boolean;
  readonly nodePortAddresses: readonly string[];
  readonly zone: string;
}

/** The pods' network, of which the node has the first half; two of the pods run on the node. */
export const CLUSTER_CIDR = "10.1.0.0/16";
export const NODE_CIDR = "10.1.0.0/17";
export const PODS: Readonly<Record<string, "node" | "other">> = {
  "10.1.0.2": "node",
  "10.1.1.2": "node",
  "10.1.200.2": "other",
  "10.1.200.3": "other",
  "10.1.200.4": "other",
};

const endpoint = fc
  .record({
    ip: fc.constantFrom(...Object.keys(PODS)),
    port: fc.constantFrom(8080, 9090),
    // mostly as they are in a healthy cluster
    state: fc.oneof(
      { arbitrary: fc.constant([true, true, false] as const), weight: 4 },
      { arbitrary: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()), weight: 1 },
    ),
    zone: fc.option(fc.constantFrom("z1", "z2"), { freq: 4 }),
  })
  .map(
    ({ ip, port, state: [ready, serving, terminating], zone }): WorldEndpoint => ({
      ip,
      port,
      ready,
      serving,
      terminating,
      node: PODS[ip] ?? "other",
      zone,
    }),
  );

const policy = fc.constantFrom("Cluster" as const, "Cluster" as const, "Local" as const);

const service = fc.record({
  type: fc.constantFrom("ClusterIP" as const, "NodePort" as const, "LoadBalancer" as const),
  port: fc.constantFrom(80, 443),
  protocol: fc.constantFrom("TCP" as const, "TCP" as const, "UDP" as const),
  outside: fc.boolean(),
  vip: fc.boolean(),
  ranges: fc.subarray(["198.51.100.0/24", "172.16.0.10/32", "10.1.0.0/24"]),
  affinity: fc.boolean(),
  internal: policy,
  external: policy,
  endpoints: fc.uniqueArray(endpoint, { maxLength: 4, selector: ({ ip, port }) => `${ip}:${port}` }),
  // all with hints, or as they come
  hinted: fc.option(fc.constantFrom("z1", "z2"), { freq: 2 }),
});

export const serviceWorld: fc.Arbitrary<ServiceWorld> = fc
  .record({
    services: fc.array(service, { minLength: 1, maxLength: 3 }),
    masqueradeAll: fc.boolean(),
    detect: fc.constantFrom("ClusterCIDR" as const, "NodeCIDR" as const, "none" as const),
    localhostNodePorts: fc.boolean(),
    nodePortAddresses: fc.constantFrom([], [], ["172.16.0.0/24"], ["127.0.0.0/8"]),
    zone: fc.constantFrom("", "z1", "z2"),
  })
  .map((world) => ({
    ...world,
    services: world.services.map((one, i): WorldService => {
      const port = one.endpoints[0]?.port ?? 8080;
      return {
        ...one,
        clusterIP: `10.96.0.${i + 1}`,
        nodePort: one.type === "ClusterIP" ? 0 : 30000 + i,
        externalIPs: one.outside ? [`203.0.113.${i + 1}`] : [],
        vips: one.type === "LoadBalancer" && one.vip ? [`203.0.113.${i + 101}`] : [],
        sourceRanges: one.ranges,
        // a port has one number in a slice
        endpoints: uniqueByIP(one.endpoints).map((each) => ({ ...each, port, zone: one.hinted ?? each.zone })),
      };
    }),
  }));

function uniqueByIP(endpoints: readonly WorldEndpoint[]): readonly WorldEndpoint[] {
  return [...new Map(endpoints.map((one) => [one.ip, one])).values()];
}

/** The world as manifests. JSON is YAML. */
export function manifestsOf(world: ServiceWorld): string {
  const objects: object[] = [
    {
      apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
      kind: "KubeProxyConfiguration",
      clusterCIDR: world.detect === "none" ? "" : CLUSTER_CIDR,
      detectLocalMode: world.detect === "NodeCIDR" ? "NodeCIDR" : "ClusterCIDR",
      nodePortAddresses: world.nodePortAddresses,
      iptables: { masqueradeAll: world.masqueradeAll, localhostNodePorts: world.localhostNodePorts },
    },
  ];
  world.services.forEach((one, i) => {
    objects.push({
      apiVersion: "v1",
      kind: "Service",
      metadata: { namespace: "shop", name: `s${i}` },
      spec: {
        type: one.type,
        clusterIP: one.clusterIP,
        ports: [{ name: "p", port: one.port, protocol: one.protocol, nodePort: one.nodePort }],
        externalIPs: one.externalIPs,
        loadBalancerSourceRanges: one.sourceRanges,
        sessionAffinity: one.affinity ? "ClientIP" : "None",
        internalTrafficPolicy: one.internal,
        externalTrafficPolicy: one.external,
      },
      status: { loadBalancer: { ingress: one.vips.map((ip) => ({ ip })) } },
    });
    objects.push({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      addressType: "IPv4",
      metadata: { namespace: "shop", name: `s${i}-1`, labels: { "kubernetes.io/service-name": `s${i}` } },
      ports: [{ name: "p", port: one.endpoints[0]?.port ?? 8080, protocol: one.protocol }],
      endpoints: one.endpoints.map(({ ip, ready, serving, terminating, node, zone }) => ({
        addresses: [ip],
        conditions: { ready, serving, terminating },
        nodeName: node,
        ...(zone === null ? {} : { hints: { forZones: [{ name: zone }] } }),
      })),
    });
  });
  return objects.map((object) => JSON.stringify(object)).join("\n---\n");
}
