import {
  DEFAULT_FAILSAFE_INBOUND,
  DEFAULT_FAILSAFE_OUTBOUND,
  type FelixBand,
  type FelixSettings,
  isSince,
} from "../../../src/calico/felix/felix-settings.ts";
import { allocateMarkBits } from "../../../src/calico/felix/mark-bits.ts";

/** The bands of the vectors' names, oldest first. */
const BANDS: readonly (readonly [string, FelixBand])[] = [
  ["v3.28 and earlier", "v3.28"],
  ["v3.29", "v3.29"],
  ["v3.30", "v3.30"],
  ["v3.31-v3.32.0", "v3.31"],
  ["v3.32.1 to HEAD", "v3.32.1"],
];

/** The settings that the vectors' README gives, for a name such as `v3.29/ipip+vxlan/random-fully`. */
export function settingsOf(name: string): FelixSettings {
  const [band] = BANDS.filter(([prefix]) => name.startsWith(prefix)).map(([, band]) => band);
  const [, encapsulation = "", masquerade = ""] = name.slice(name.indexOf("/")).split("/");
  if (band === undefined) throw new Error(`no band for ${name}`);
  const marks = allocateMarkBits(0xffff0000, { drop: isSince(band, "v3.30"), wireguard: false });
  if (marks === null) throw new Error("the default mask has bits enough");
  const ipipEnabled = encapsulation.includes("ipip");
  const vxlanEnabled = encapsulation.includes("vxlan");
  return {
    band,
    family: 4,
    marks,
    chainInsertMode: "insert",
    interfacePrefixes: ["cali"],
    filterAllowAction: "ACCEPT",
    mangleAllowAction: "ACCEPT",
    filterDenyAction: "DROP",
    defaultEndpointToHostAction: "ACCEPT",
    logPrefix: "calico-packet",
    flowLogs: false,
    dropsInvalid: true,
    allowVXLANPacketsFromWorkloads: false,
    allowIPIPPacketsFromWorkloads: false,
    failsafeInbound: DEFAULT_FAILSAFE_INBOUND,
    failsafeOutbound: DEFAULT_FAILSAFE_OUTBOUND,
    ipipEnabled,
    vxlanEnabled,
    vxlanPort: 4789,
    wireguardPort: null,
    wireguardHostEncryption: false,
    tunnelDevices: [
      { name: "tunl0", hasAddress: ipipEnabled },
      { name: "vxlan.calico", hasAddress: vxlanEnabled },
    ],
    natOutgoing: { enabled: true, address: null, portRange: null, interfaceFilter: null, exclusions: "IPPoolsOnly" },
    serviceLoopPrevention: "Drop",
    serviceCIDRs: [],
    floatingIPs: [],
    dscp: [],
    istioDscp: null,
    randomFully: masquerade === "random-fully",
  };
}
