import type fc from "fast-check";
import type { Family } from "../../../src/net/address.ts";

/** What the rules of one host speak of, so that rules and packets meet often: its world's addresses and devices. */
export interface Vocabulary {
  readonly family: Family;
  /** What stands after `-s` and `-d`, masks with holes included. */
  readonly prefix: fc.Arbitrary<string>;
  /** Addresses and prefixes that also sets and `--ctorigdst` take. */
  readonly network: fc.Arbitrary<string>;
  /** Single addresses, of this host and of others. */
  readonly host: fc.Arbitrary<string>;
  /** `first-last`. */
  readonly range: fc.Arbitrary<string>;
  /** Interfaces of the host, for `-i`, `-o` and sets. */
  readonly device: fc.Arbitrary<string>;
  /** Names with `+`, and devices that are seldom met. */
  readonly devicePattern: fc.Arbitrary<string>;
  /** MAC addresses of neighbours. */
  readonly mac: fc.Arbitrary<string>;
  /** Where DNAT leads. */
  readonly dnatTo: fc.Arbitrary<string>;
  readonly snatTo: fc.Arbitrary<string>;
  /** Prefixes that NETMAP maps destinations and sources to. */
  readonly netmapDestination: fc.Arbitrary<string>;
  readonly netmapSource: fc.Arbitrary<string>;
  /** Its packets travel in VXLAN, which the oracle knows by the port: UDP ports are not translated. */
  readonly tunnels?: boolean;
  /** Where copies go; absent: none are made. */
  readonly copyTo?: fc.Arbitrary<string>;
  /** The host's own addresses, to which TEE may send what comes back to it. */
  readonly copyBack?: fc.Arbitrary<string>;
  /** Its connections count what they carry. */
  readonly accounts?: boolean;
}
