import fc from "fast-check";
import { mark, oddReceiver } from "./pools.ts";
import type { Head, Traffic } from "./traffic.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Addresses of the IPv6 router's world (`harness/router-lab-6.ts`). */

type Subnet = "a" | "b" | "c";

function spread(subnet: Subnet): fc.Arbitrary<string> {
  return fc.nat(15).map((last) => `fd00:${subnet}::1${last.toString(16)}`);
}

const farSource = fc.oneof(
  { weight: 5, arbitrary: spread("a") },
  { weight: 3, arbitrary: fc.constant("fd00:a::2") },
  { weight: 2, arbitrary: spread("b") },
  { weight: 1, arbitrary: spread("c") },
  { weight: 1, arbitrary: fc.constantFrom("fd00:9::1", "fd00:8::1", "fd00:77::1", "fd00:50::1", "fd00:1::9") },
);

/** Sources that are wrong on a wire, or mean something only there. */
const oddSource = fc.constantFrom(
  "fe80::a",
  "fe80::a",
  "fe80::b",
  "fe80::1",
  "fd00:a::1",
  "fd00:b::1",
  "fd00:a::",
  "::1",
  "::",
  "ff02::1",
  "ff05::5",
  "::ffff:10.0.0.7",
);

const farDestination = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("fd00:b::2", "fd00:b::2", "fd00:c::2", "fd00:a::2") },
  { weight: 2, arbitrary: spread("b") },
  { weight: 1, arbitrary: spread("c") },
  { weight: 1, arbitrary: spread("a") },
  { weight: 2, arbitrary: fc.constantFrom("fd00:9::1", "fd00:9::1:1", "fd00:8::1") },
  { weight: 1, arbitrary: fc.constantFrom("fd00:96::1", "fd00:96::2") },
);

const routerAddress = fc.constantFrom("fd00:a::1", "fd00:b::1", "fd00:c::1");

/** Dead ends and addresses of no single host, but none that only has a meaning on a link. */
const oddUnicast = fc.constantFrom(
  "fd00:1::1",
  "fd00:1:1::1",
  "fd00:1:2::1",
  "fd00:1:3::1",
  "fd00:50::1",
  "fd00:a::",
  "fd00:b::",
  "fd00:b::77",
  "::1",
);

/** Groups, of which the sender's own host gets a copy where it is a member. */
const group = fc.constantFrom("ff02::1", "ff02::2", "ff02::5", "ff02::1:ff00:1", "ff0e::1", "ff01::1");

const ofLinks = fc.oneof({ weight: 4, arbitrary: fc.constantFrom("fe80::1", "fe80::a", "fe80::b", "::") }, group);

const destination = fc.oneof(
  { weight: 10, arbitrary: farDestination },
  { weight: 4, arbitrary: routerAddress },
  { weight: 1, arbitrary: oddUnicast },
  { weight: 1, arbitrary: ofLinks },
);

const network = fc.oneof(
  fc.constantFrom("fd00:a::/64", "fd00:b::/64", "fd00:c::/64", "fd00::/16", "fd00:9::/32", "fd00:8::/32"),
  fc.constantFrom("fd00:a::10/125", "fd00:b::18/125", "fd00:b::2", "fd00:a::2", "fd00:c::2"),
  fc.constantFrom("fd00:96::1", "fd00:96::/64", "fd00:a::1", "fd00:b::1", "::1", "fe80::/10", "ff00::/8"),
);

/** What the rules of the IPv6 router speak of. */
export const ROUTER6_WORDS: Vocabulary = {
  family: 6,
  prefix: fc.oneof(
    { weight: 16, arbitrary: network },
    { weight: 1, arbitrary: fc.constantFrom("fd00:a::2/ffff:ffff::ffff", "::") },
  ),
  network,
  host: fc.constantFrom("fd00:a::2", "fd00:b::2", "fd00:c::2", "fd00:a::1", "fd00:9::1", "fd00:96::1", "fe80::a"),
  range: fc.constantFrom("fd00:a::10-fd00:a::18", "fd00:b::1-fd00:b::3", "fd00:b::-fd00:c::ffff"),
  device: fc.constantFrom("in0", "out0", "out1"),
  devicePattern: fc.constantFrom("out+", "in+", "lo"),
  mac: fc.constantFrom("02:00:00:02:00:02", "02:00:00:03:00:02"),
  dnatTo: fc.constantFrom(
    "fd00:b::2",
    "fd00:b::1f",
    "fd00:c::2",
    "fd00:9::1",
    "fd00:a::1",
    "fd00:b::1",
    "fd00:a::2",
    "fd00:1::1",
    "fd00:1:1::1",
    "fd00:50::1",
    "::1",
    "fd00:b::77",
  ),
  copyBack: fc.constantFrom("fd00:a::1", "fd00:b::1", "::1"),
  copyTo: fc.constantFrom("fd00:a::2", "fd00:b::2", "fd00:c::2", "fd00:c::11", "fd00:9::1", "fd00:1::1"),
  snatTo: fc.constantFrom("fd00:b::1", "fd00:c::1", "fd00:a::1", "fd00:77::9", "fd00:9::1"),
  netmapDestination: fc.constant("fd00:9:3::/64"),
  netmapSource: fc.constant("fd00:77:3::/64"),
};

const R = fc.constant("R");

const sentByRouter: fc.Arbitrary<Head> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ host: R, dst: destination }) },
  { weight: 2, arbitrary: fc.record({ host: R, src: routerAddress, dst: destination }) },
  {
    weight: 1,
    arbitrary: fc.record({
      host: R,
      src: fc.constantFrom("fd00:a::1", "fd00:77::9"),
      raw: fc.constant(true),
      dst: farDestination,
    }),
  },
  { weight: 1, arbitrary: fc.record({ host: R, dst: destination, mark }) },
  { weight: 1, arbitrary: fc.record({ host: R, dst: farDestination, uid: fc.constant(1500) }) },
  { weight: 1, arbitrary: fc.record({ host: R, dst: farDestination, bindInterface: fc.constantFrom("out0", "out1") }) },
  {
    weight: 1,
    arbitrary: fc.record({
      host: R,
      dst: fc.oneof(fc.constantFrom("fe80::a", "fe80::b", "fe80::1"), group),
      bindInterface: fc.constantFrom("in0", "out0"),
    }),
  },
);

/** Who talks to whom through the IPv6 router. */
export const ROUTER6_TRAFFIC: Traffic = {
  family: 6,
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
    // No address of R's subnets that they would have to ask for: questions pass R's rules, which podpath does not model.
    {
      weight: 2,
      arbitrary: fc.record({ host: fc.constantFrom("A", "B"), dst: fc.oneof(farDestination, routerAddress) }),
    },
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
    src: fc.constantFrom("fd00:b::2", "fd00:b::1", "fd00:c::2", "fe80::b"),
  }),
  cousin: "fd00:a::2",
};
