import { expect, test } from "vitest";
import { containerRules, hostPortChainName, hostPorts } from "../../src/calico/host-ports.ts";
import { topField } from "../../src/kubernetes/field.ts";
import { readPod } from "../../src/kubernetes/pod.ts";
import { originTable } from "../../src/model/origin.ts";
import { parseAddress } from "../../src/net/address.ts";

/** plugins/meta/portmap/portmap_iptables_test.go */
const CONTAINER =
  "icee6giejonei6sohng6ahngee7laquohquee9shiGo7fohferakah3Feiyoolu2pei7ciPhoh7shaoX6vai3vuf0ahfaeng8yohb9ceu0daez5hashee8ooYai5wa3y";

function ports(...list: readonly object[]) {
  const spec = { containers: [{ ports: list }] };
  return readPod(
    topField({ metadata: { name: "p", namespace: "n" }, spec, status: { podIPs: [{ ip: "10.0.0.2" }] } }),
    0,
  );
}

test("a container's chain has the name that upstream's tests expect", () => {
  expect(hostPortChainName("testNetName", CONTAINER)).toBe("CNI-DN-bfd599665540dd91d5d28");
  expect(hostPortChainName("test", CONTAINER)).toBe("CNI-DN-67e92b96e692a494b6b85");
});

test("ports are entered by protocol; a node's address limits a port; another family's is left out", () => {
  const pod = ports(
    { containerPort: 80, hostPort: 8080 },
    { containerPort: 81, hostPort: 8080, protocol: "UDP" },
    { containerPort: 83, hostPort: 8083, hostIP: "192.168.0.2" },
    { containerPort: 85, hostPort: 8085, hostIP: "2001:db8:a::1" },
    { containerPort: 99 },
  );
  const address = parseAddress("10.0.0.2");
  if (address === null) throw new Error("no address");
  const { chain, entries } = containerRules("test", "id", address, pod.ports, 0);
  expect(entries.map(({ text }) => text)).toEqual([
    `-m comment --comment "dnat name: \\"test\\" id: \\"id\\"" -m multiport -p tcp --destination-ports 8080,8083,8085 -j ${chain.name}`,
    `-m comment --comment "dnat name: \\"test\\" id: \\"id\\"" -m multiport -p udp --destination-ports 8080 -j ${chain.name}`,
  ]);
  expect(chain.rules.map(({ text }) => text)).toEqual([
    "-p tcp --dport 8080 -s 10.0.0.2/32 -j CNI-HOSTPORT-SETMARK",
    "-p tcp --dport 8080 -s 127.0.0.1 -j CNI-HOSTPORT-SETMARK",
    "-p tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80",
    "-p udp --dport 8080 -s 10.0.0.2/32 -j CNI-HOSTPORT-SETMARK",
    "-p udp --dport 8080 -s 127.0.0.1 -j CNI-HOSTPORT-SETMARK",
    "-p udp --dport 8080 -j DNAT --to-destination 10.0.0.2:81",
    "-p tcp --dport 8083 -d 192.168.0.2 -s 10.0.0.2/32 -j CNI-HOSTPORT-SETMARK",
    "-p tcp --dport 8083 -d 192.168.0.2 -s 127.0.0.1 -j CNI-HOSTPORT-SETMARK",
    "-p tcp --dport 8083 -d 192.168.0.2 -j DNAT --to-destination 10.0.0.2:83",
  ]);
});

test("a node without such pods has none of its chains", () => {
  expect(hostPorts([ports({ containerPort: 80 })], originTable(), new Map())).toEqual({
    ipv4: [],
    ipv6: [],
    sysctls: new Map(),
  });
  const { ipv4, sysctls } = hostPorts([ports({ containerPort: 80, hostPort: 8080 })], originTable(), new Map());
  expect(ipv4[0]?.chains.map(({ name }) => name).slice(0, 3)).toEqual([
    "CNI-HOSTPORT-SETMARK",
    "CNI-HOSTPORT-MASQ",
    "CNI-HOSTPORT-DNAT",
  ]);
  expect([...sysctls.values()]).toEqual(["1"]);
});
