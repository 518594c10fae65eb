import fc from "fast-check";
import type { Place, Segment } from "./shared-links.ts";

/** Both settings of a pair that the kernel joins: `all` and the device's. */
function pairs(name: string, segments: readonly Segment[], on: number): fc.Arbitrary<Readonly<Record<string, string>>> {
  const key = (device: string): string => `net.ipv4.conf.${device}.${name}`;
  const all = [key("all"), ...segments.map(key)];
  const same = (value: string): Readonly<Record<string, string>> =>
    Object.fromEntries(all.map((item) => [item, value]));
  return fc.oneof(
    { weight: on, arbitrary: fc.constant(same("1")) },
    { weight: 1, arbitrary: fc.constant(same("0")) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(...all.map((item) => fc.constantFrom("0", "1").map((value) => [item, value] as const)))
        .map((entries) => Object.fromEntries(entries)),
    },
  );
}

/** Switches of one machine. */
export type Settings = (place: Place) => fc.Arbitrary<Readonly<Record<string, string>>>;

/** Whether a machine sends and follows redirects, and which. */
export const redirectSettings: Settings = ({ name, segments }) => {
  const isRouter = name.startsWith("R");
  const more = fc.subarray(
    [
      ["net.ipv4.icmp_errors_use_inbound_ifaddr", "1"],
      ["net.ipv4.fwmark_reflect", "1"],
      ["net.ipv4.icmp_echo_ignore_all", "1"],
      ...segments.map((device) => [`net.ipv4.conf.${device}.rp_filter`, "2"] as const),
      ...segments.map((device) => [`net.ipv4.conf.${device}.rp_filter`, "1"] as const),
      ...segments.map((device) => [`net.ipv4.conf.${device}.forwarding`, isRouter ? "0" : "1"] as const),
      ...segments.map((device) => [`net.ipv4.conf.${device}.accept_local`, "1"] as const),
    ] as const,
    { maxLength: 1 },
  );
  return fc
    .tuple(
      isRouter ? fc.constant("1") : fc.constantFrom("0", "0", "0", "1"),
      pairs("accept_redirects", segments, isRouter ? 5 : 8),
      pairs("secure_redirects", segments, 1),
      pairs("shared_media", segments, 4),
      pairs("send_redirects", segments, 8),
      fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: more }),
    )
    .map(([forward, accept, secure, shared, send, rest]) => ({
      // Forwarding comes first: to switch it changes accept_redirects of all (inet_forward_change()).
      "net.ipv4.ip_forward": forward,
      ...accept,
      ...secure,
      ...shared,
      ...send,
      ...Object.fromEntries(rest),
    }));
};

/** The same for IPv6, where only the device's own switch counts, and no router follows. */
export const redirectSettings6: Settings = ({ name, segments }) => {
  const isRouter = name.startsWith("R");
  const accept = (device: string): fc.Arbitrary<readonly [string, string]> =>
    fc.constantFrom("1", "1", "1", "1", "0").map((value) => [`net.ipv6.conf.${device}.accept_redirects`, value]);
  const more = fc.subarray(
    [
      ["net.ipv6.fwmark_reflect", "1"],
      ["net.ipv6.icmp.echo_ignore_all", "1"],
      ...segments.map((device) => [`net.ipv6.conf.${device}.accept_ra`, "2"] as const),
      ...segments.map((device) => [`net.ipv6.conf.${device}.forwarding`, isRouter ? "0" : "1"] as const),
      ...segments.map((device) => [`net.ipv6.conf.${device}.forwarding`, isRouter ? "0" : "1"] as const),
      ...segments.map((device) => [`net.ipv6.conf.${device}.force_forwarding`, "1"] as const),
    ] as const,
    { maxLength: 1 },
  );
  return fc
    .tuple(
      isRouter ? fc.constant("1") : fc.constantFrom("0", "0", "0", "0", "0", "1"),
      fc.tuple(accept("all"), ...segments.map(accept)),
      fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: more }),
    )
    .map(([forward, each, rest]) => ({
      "net.ipv6.conf.all.forwarding": forward,
      ...Object.fromEntries(each),
      ...Object.fromEntries(rest),
    }));
};
