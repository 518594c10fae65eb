import fc from "fast-check";
import type { Head, Traffic } from "./traffic.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Values that rules and packets share, so that they meet often. */

/** Addresses of A, B and C that nobody else has: errors of routes are limited per source, so there are many. */
function spread(subnet: number): fc.Arbitrary<string> {
  return fc.integer({ min: 129, max: 254 }).map((last) => `10.0.${subnet}.${last}`);
}

const PORTS: readonly number[] = [22, 53, 80, 81, 179, 443, 1000, 4000, 5000, 8080, 40000];

export const port = fc.constantFrom(...PORTS);
export const mark = fc.constantFrom(0, 1, 2, 3, 7, 0x10, 0x10000);

/** MAC addresses of many, and of somebody else. */
export const oddReceiver = fc.constantFrom(
  "ff:ff:ff:ff:ff:ff",
  "01:00:5e:00:00:01",
  "33:33:00:00:00:01",
  "02:00:00:00:00:99",
);

/** Somebody on A's, B's or C's side. */
const farSource = fc.oneof(
  { weight: 5, arbitrary: spread(0) },
  { weight: 2, arbitrary: fc.constant("10.0.0.2") },
  { weight: 2, arbitrary: spread(1) },
  { weight: 1, arbitrary: spread(2) },
  { weight: 1, arbitrary: fc.constantFrom("10.9.1.1", "10.8.1.1", "10.77.0.1", "10.50.0.1", "10.1.0.9") },
);

/** Sources that are wrong on a wire. */
const oddSource = fc.constantFrom(
  "10.0.0.1",
  "10.0.1.1",
  "127.0.0.1",
  "0.0.0.0",
  "255.255.255.255",
  "224.0.0.5",
  "0.0.0.7",
);

const farDestination = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("10.0.1.2", "10.0.1.2", "10.0.2.2", "10.0.0.2") },
  { weight: 2, arbitrary: spread(1) },
  { weight: 1, arbitrary: spread(2) },
  { weight: 1, arbitrary: spread(0) },
  { weight: 2, arbitrary: fc.constantFrom("10.9.1.1", "10.9.1.1", "10.8.1.1") },
  { weight: 1, arbitrary: fc.constantFrom("10.96.0.1", "10.96.0.2") },
);

const routerAddress = fc.constantFrom("10.0.0.1", "10.0.1.1", "10.0.2.1");

const oddDestination = fc.constantFrom(
  "10.1.0.1",
  "10.1.1.1",
  "10.1.2.1",
  "10.1.3.1",
  "10.50.0.1",
  "127.0.0.1",
  "10.0.1.255",
  "10.0.0.255",
  "255.255.255.255",
  "224.0.0.5",
  "10.0.1.77",
  "0.0.0.0",
);

/** Broadcasts and groups, of which the sender's own host gets a copy. */
const forMany = fc.constantFrom("10.0.0.255", "10.0.1.255", "255.255.255.255", "224.0.0.1", "224.0.0.5", "239.1.2.3");

const destination = fc.oneof(
  { weight: 10, arbitrary: farDestination },
  { weight: 4, arbitrary: routerAddress },
  { weight: 2, arbitrary: oddDestination },
);

const network = fc.oneof(
  fc.constantFrom("10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24", "10.0.0.0/8", "10.9.0.0/16", "10.8.0.0/16"),
  fc.constantFrom("10.0.0.128/26", "10.0.1.192/26", "10.0.1.2", "10.0.0.2", "10.0.2.2"),
  fc.constantFrom("10.96.0.1", "10.96.0.0/24", "10.0.0.1", "10.0.1.1", "127.0.0.0/8"),
);

/** What the rules of the IPv4 router speak of. */
export const ROUTER_WORDS: Vocabulary = {
  family: 4,
  prefix: fc.oneof(
    { weight: 16, arbitrary: network },
    { weight: 1, arbitrary: fc.constantFrom("10.0.0.0/255.0.255.0", "0.0.0.0") },
  ),
  network,
  host: fc.constantFrom("10.0.0.2", "10.0.1.2", "10.0.2.2", "10.0.0.1", "10.9.1.1", "10.96.0.1", "10.0.1.1"),
  range: fc.constantFrom("10.0.0.100-10.0.0.200", "10.0.1.1-10.0.1.3", "10.0.1.0-10.0.2.255"),
  device: fc.constantFrom("in0", "out0", "out1"),
  devicePattern: fc.constantFrom("out+", "in+", "lo"),
  mac: fc.constantFrom("02:00:00:02:00:02", "02:00:00:03:00:02"),
  dnatTo: fc.constantFrom(
    "10.0.1.2",
    "10.0.1.200",
    "10.0.2.2",
    "10.9.1.1",
    "10.0.0.1",
    "10.0.1.1",
    "10.0.0.2",
    "10.1.0.1",
    "10.1.1.1",
    "10.50.0.1",
    "127.0.0.1",
    "10.0.1.77",
  ),
  copyBack: fc.constantFrom("10.0.0.1", "10.0.1.1", "127.0.0.1"),
  copyTo: fc.constantFrom("10.0.0.2", "10.0.1.2", "10.0.2.2", "10.0.2.177", "10.9.1.1", "10.1.0.5"),
  snatTo: fc.constantFrom("10.0.1.1", "10.0.2.1", "10.0.0.1", "10.77.0.9", "10.9.1.1"),
  netmapDestination: fc.constant("10.9.3.0/24"),
  netmapSource: fc.constant("10.77.3.0/24"),
};

const R = fc.constant("R");

const sentByRouter: fc.Arbitrary<Head> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ host: R, dst: destination }) },
  { weight: 2, arbitrary: fc.record({ host: R, src: routerAddress, dst: destination }) },
  {
    weight: 1,
    arbitrary: fc.record({
      host: R,
      src: fc.constantFrom("10.0.0.1", "10.77.0.9"),
      raw: fc.constant(true),
      dst: farDestination,
    }),
  },
  { weight: 1, arbitrary: fc.record({ host: R, dst: destination, mark }) },
  { weight: 1, arbitrary: fc.record({ host: R, dst: farDestination, uid: fc.constant(1500) }) },
  { weight: 1, arbitrary: fc.record({ host: R, dst: forMany }) },
  { weight: 1, arbitrary: fc.record({ host: R, dst: farDestination, bindInterface: fc.constantFrom("out0", "out1") }) },
);

/** Who talks to whom through the IPv4 router. */
export const ROUTER_TRAFFIC: Traffic = {
  family: 4,
  arrival: fc.record({ host: R, interface: fc.constant("in0"), src: farSource }),
  oddArrival: fc.oneof(
    { weight: 2, arbitrary: fc.record({ host: R, interface: fc.constantFrom("in0", "out0", "out1"), src: farSource }) },
    { weight: 1, arbitrary: fc.record({ host: R, interface: fc.constantFrom("in0", "out0"), src: oddSource }) },
    {
      weight: 1,
      arbitrary: fc.record({ host: R, interface: fc.constantFrom("in0", "out0"), src: farSource, dmac: oddReceiver }),
    },
  ),
  sent: fc.oneof(
    { weight: 3, arbitrary: sentByRouter },
    { weight: 2, arbitrary: fc.record({ host: fc.constantFrom("A", "B"), dst: destination }) },
  ),
  flowSent: fc.oneof(
    fc.record({ host: R, src: routerAddress, dst: farDestination }),
    fc.record({ host: R, dst: farDestination }),
  ),
  destination,
  flowDestination: fc.oneof({ weight: 2, arbitrary: farDestination }, { weight: 1, arbitrary: routerAddress }),
  errorArrival: fc.record({
    host: R,
    interface: fc.constant("out0"),
    src: fc.constantFrom("10.0.1.2", "10.0.1.1", "10.0.2.2"),
  }),
  cousin: "10.0.0.2",
};
