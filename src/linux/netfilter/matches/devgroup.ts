import type { Interface } from "../../../model/interface.ts";
import { isInGroup } from "../../device-group.ts";
import type { HostRuntime } from "../../runtime.ts";
import type { GivenOption, MatchExtension } from "../extension.ts";
import { formatMark, parseMarkMask } from "../mark-value.ts";
import { givenOption, optionWords } from "../option-words.ts";
import { unknownOutcome } from "../unknown-outcome.ts";

/** A group as the tool prints it: a number with an optional mask, or a name of /etc/iproute2/group. */
interface GroupTest {
  readonly group: string;
  readonly invert: boolean;
}

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly devgroup: { readonly source: GroupTest | null; readonly destination: GroupTest | null };
  }
}

const NAME = /^[a-z_][\w.-]*$/i;

function groupTest(given: readonly GivenOption[], name: string): GroupTest | null | undefined {
  const option = givenOption(given, name);
  if (option === undefined) return null;
  const text = option.values[0] ?? "";
  const number = parseMarkMask(text);
  if (number !== null) return { group: formatMark(number), invert: option.invert };
  return NAME.test(text) ? { group: text, invert: option.invert } : undefined;
}

function groupWords(name: string, test: GroupTest | null): readonly string[] {
  return test === null ? [] : optionWords(name, test.invert, test.group);
}

function inGroup(test: GroupTest, device: Interface | null, runtime: HostRuntime): boolean {
  if (device === null) return false;
  const { group, invert } = test;
  const known = isInGroup(group, device);
  if (known !== null) return known !== invert;
  const belongs = unknownOutcome(runtime, {
    code: "interface-group",
    item: `group of ${device.name}`,
    fields: group,
    question: `is ${device.name} in the device group ${group}?`,
    no: "it is not",
    yes: "it is",
    command: `ip -details link show dev ${device.name}`,
  });
  return belongs !== invert;
}

/**
 * `-m devgroup` (net/netfilter/xt_devgroup.c): the group that `ip link set … group` gave a device. Where `ip link` was not
 * dumped, or one of the two is a name, it is a question.
 */
export const devgroup: MatchExtension<"devgroup"> = {
  options: { "src-group": { values: 1, negatable: true }, "dst-group": { values: 1, negatable: true } },
  parse(given) {
    const source = groupTest(given, "src-group");
    const destination = groupTest(given, "dst-group");
    if (source === undefined || destination === undefined) return { problem: "expected a device group value[/mask]" };
    if (source === null && destination === null) return { problem: "you must specify --src-group or --dst-group" };
    return { value: { source, destination } };
  },
  print: ({ source, destination }) => [...groupWords("src-group", source), ...groupWords("dst-group", destination)],
  compile: ({ source, destination }) => ({
    kind: "call",
    test: (skb, runtime) =>
      (source === null || inGroup(source, skb.input, runtime)) &&
      (destination === null || inGroup(destination, skb.output, runtime)),
  }),
};
