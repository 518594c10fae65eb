import { prefixField } from "../kubernetes/address-field.ts";
import { at, elements, type Field, flag, member, ownValue, text } from "../kubernetes/field.ts";
import type { Metadata } from "../kubernetes/metadata.ts";
import {
  allowedUses,
  assignmentMode,
  blockSize,
  type EncapsulationMode,
  type IPPool,
  selectorText,
} from "./ip-pool.ts";

/** `encapsulation` of the operator's Installation, as the two modes of a pool: IPIP first. */
const ENCAPSULATIONS: ReadonlyMap<string, readonly [EncapsulationMode, EncapsulationMode]> = new Map([
  ["None", ["Never", "Never"]],
  ["IPIP", ["Always", "Never"]],
  ["IPIPCrossSubnet", ["CrossSubnet", "Never"]],
  ["VXLAN", ["Never", "Always"]],
  ["VXLANCrossSubnet", ["Never", "CrossSubnet"]],
]);

/** The pools that an operator.tigera.io Installation asks for: the operator makes IPPools of them. */
export function poolsOfInstallation(installation: Field, metadata: Metadata): readonly IPPool[] {
  const pools = at(installation, "spec", "calicoNetwork", "ipPools");
  return elements(pools).flatMap((field) => {
    const cidr = prefixField(member(field, "cidr"));
    if (cidr === null) return [];
    const isIPv4 = cidr.address.family === 4;
    // defaults of the operator (tigera/operator pkg/controller/ippool): IPIP and NAT are for IPv4
    const encapsulation = ENCAPSULATIONS.get(text(member(field, "encapsulation")) || (isIPv4 ? "IPIP" : "None"));
    return [
      {
        metadata: { ...metadata, name: text(member(field, "name")) ?? `default-ipv${isIPv4 ? 4 : 6}-ippool` },
        cidr,
        ipipMode: encapsulation?.[0] ?? null,
        vxlanMode: encapsulation?.[1] ?? null,
        natOutgoing: (text(member(field, "natOutgoing")) || (isIPv4 ? "Enabled" : "Disabled")) !== "Disabled",
        disableBGPExport: ownValue(field.value, "disableBGPExport") === true,
        disabled: flag(member(field, "disableNewAllocations")) ?? false,
        blockSize: blockSize(member(field, "blockSize"), cidr),
        nodeSelector: selectorText(member(field, "nodeSelector")) || "all()",
        namespaceSelector: selectorText(member(field, "namespaceSelector")),
        allowedUses: allowedUses(member(field, "allowedUses")),
        assignmentMode: assignmentMode(member(field, "assignmentMode")),
      },
    ];
  });
}
