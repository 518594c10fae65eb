import type { PortRange } from "../net/port-set.ts";
import { at, complain, type Field } from "./field.ts";
import { peek, peekList, peekText } from "./validation/peek.ts";

const ARGUMENT = "service-node-port-range";
const HIGHEST = 65535;

/**
 * kube-apiserver's `--service-node-port-range` as a kubeadm ClusterConfiguration gives it: `30000-32767`, `30000+2767` or one port
 * (apimachinery/pkg/util/net, ParsePortRange). Null where it does not.
 */
export function nodePortRange(configuration: Field): PortRange | null {
  const given = at(configuration, "apiServer", "extraArgs");
  // v1beta4 has a list, the versions before a mapping; of a flag that is given twice the last counts
  const listed = peekList(given).findLast((one) => peek(one, "name").value === ARGUMENT);
  const field = listed === undefined ? peek(given, ARGUMENT) : peek(listed, "value");
  const written = peekText(field)?.trim() ?? "";
  if (written === "") return null;
  const range = parsePortRange(written);
  if (range === null) complain(field, "ports such as 30000-32767");
  return range;
}

function parsePortRange(text: string): PortRange | null {
  const match = /^(\d{1,5})(?:([-+])(\d{1,5}))?$/.exec(text);
  if (match === null) return null;
  const first = Number(match[1]);
  const second = Number(match[3] ?? 0);
  const last = match[2] === "-" ? second : first + second;
  return first <= last && last <= HIGHEST ? { first, last } : null;
}
