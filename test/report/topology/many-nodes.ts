/** The shape of a made-up cluster. */
export interface ManyNodes {
  readonly nodes: number;
  readonly podsPerNode: number;
  /** Nodes whose BGP sessions are down. */
  readonly down?: ReadonlySet<number>;
  readonly vxlan?: boolean;
}

/** A snapshot of a cluster with Calico: dumps of each node, its pods, its sessions. */
export function manyNodes({
  nodes,
  podsPerNode,
  down = new Set(),
  vxlan = false,
}: ManyNodes): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const numbers = Array.from({ length: nodes }, (_, index) => index + 1);
  const addressOf = (node: number): string => `172.16.${Math.floor(node / 200)}.${(node % 200) + 10}`;
  for (const node of numbers) {
    const pods = Array.from({ length: podsPerNode }, (_, index) => index + 1);
    const folder = `nodes/worker-${node}`;
    files.set(
      `${folder}/ip-addr.txt`,
      [
        "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN",
        "    inet 127.0.0.1/8 scope host lo",
        "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq state UP",
        `    link/ether 02:00:00:00:${hex(node >> 8)}:${hex(node)} brd ff:ff:ff:ff:ff:ff promiscuity 0`,
        `    inet ${addressOf(node)}/16 brd 172.16.255.255 scope global eth0`,
        ...(vxlan
          ? [
              "3: vxlan.calico: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UNKNOWN",
              `    link/ether 66:00:00:00:${hex(node >> 8)}:${hex(node)} brd ff:ff:ff:ff:ff:ff promiscuity 0`,
              `    vxlan id 4096 local ${addressOf(node)} dev eth0 srcport 0 0 dstport 4789 nolearning ttl auto ageing 300`,
              `    inet 10.${node}.0.0/32 scope global vxlan.calico`,
            ]
          : []),
        ...pods.flatMap((pod) => [
          `${pod + 3}: cali${name(node, pod)}@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP`,
          "    link/ether ee:ee:ee:ee:ee:ee brd ff:ff:ff:ff:ff:ff link-netnsid 0 promiscuity 0",
          "    veth",
        ]),
        "",
      ].join("\n"),
    );
    files.set(
      `${folder}/ip-route.txt`,
      [
        "default via 172.16.255.254 dev eth0",
        `172.16.0.0/16 dev eth0 proto kernel scope link src ${addressOf(node)}`,
        ...pods.map((pod) => `10.${node}.0.${pod} dev cali${name(node, pod)} scope link`),
        ...numbers
          .filter((peer) => peer !== node && !down.has(peer) && !down.has(node))
          .map((peer) => `10.${peer}.0.0/26 via ${addressOf(peer)} dev eth0 proto bird`),
        "",
      ].join("\n"),
    );
    files.set(
      `${folder}/iptables-save.txt`,
      "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n",
    );
    files.set(
      `${folder}/birdc-protocols.txt`,
      [
        "BIRD v0.3.3+birdv1.6.8 ready.",
        "name     proto    table    state  since       info",
        ...numbers
          .filter((peer) => peer !== node)
          .map((peer) => {
            const isDown = down.has(peer) || down.has(node);
            const name1 = `Mesh_${addressOf(peer).replaceAll(".", "_")}`;
            return `${name1} BGP      master   ${isDown ? "start" : "up   "}  10:00:00    ${isDown ? "Connect" : "Established"}`;
          }),
        "",
      ].join("\n"),
    );
    files.set(
      `cluster/pods-${node}.yaml`,
      pods
        .map(
          (pod) =>
            `apiVersion: v1\nkind: Pod\nmetadata: {namespace: shop, name: web-${node}-${pod}}\nspec: {nodeName: worker-${node}, containers: [{name: c, image: i}]}\nstatus: {phase: Running, podIP: 10.${node}.0.${pod}}\n`,
        )
        .join("---\n"),
    );
  }
  return files;
}

function hex(number: number): string {
  return (number & 0xff).toString(16).padStart(2, "0");
}

function name(node: number, pod: number): string {
  return `${node.toString(16).padStart(5, "0")}${pod.toString(16).padStart(6, "0")}`;
}
