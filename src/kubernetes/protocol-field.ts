import { parseProtocol, SCTP, TCP, UDP } from "../net/protocol.ts";
import { complain, type Field } from "./field.ts";

/**
 * `protocol` of a port: TCP when absent. Kubernetes writes names; Calico's WorkloadEndpoint allows numbers too.
 */
export function protocolField(field: Field): number | null {
  if (field.value === undefined || field.value === null || field.value === "") return TCP;
  const number = parseProtocol(String(field.value));
  if (number === TCP || number === UDP || number === SCTP) return number;
  complain(field, "TCP, UDP or SCTP");
  return null;
}
