import { complain, type Field } from "../field.ts";
import { peekText } from "./peek.ts";

/** What a name may be made of (apimachinery/pkg/util/validation), and how to say so. */
export interface NameRule {
  readonly allows: (name: string) => boolean;
  readonly expected: string;
}

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LETTER_FIRST = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

/** RFC 1123, one label: containers, ports of Services, namespaces. */
export const DNS_LABEL: NameRule = {
  allows: (name) => name.length <= 63 && LABEL.test(name),
  expected: "up to 63 small letters, digits and -, with a letter or digit at both ends",
};

/** RFC 1123, labels with dots between: most objects. */
export const DNS_SUBDOMAIN: NameRule = {
  allows: (name) => name.length <= 253 && SUBDOMAIN.test(name),
  expected: "up to 253 small letters, digits, - and ., with a letter or digit at both ends and on both sides of each .",
};

/** RFC 1035: Services, whose names became variables of their pods' environment. */
export const SERVICE_NAME: NameRule = {
  allows: (name) => name.length <= 63 && LETTER_FIRST.test(name),
  expected: "up to 63 small letters, digits and -, with a letter first and a letter or digit last",
};

/** RFC 6335 in small letters: ports of containers and policies. */
export const PORT_NAME: NameRule = {
  allows: (name) =>
    name.length <= 15 &&
    /^[-a-z0-9]+$/.test(name) &&
    /[a-z]/.test(name) &&
    !name.includes("--") &&
    !name.startsWith("-") &&
    !name.endsWith("-"),
  expected: "a port's name: up to 15 small letters, digits and single -, at least one letter, and - at neither end",
};

/** A key of labels or annotations: a name, or a domain, / and a name. */
export const LABEL_KEY: NameRule = {
  allows: (key) => {
    const slash = key.indexOf("/");
    const name = key.slice(slash + 1);
    return name.length <= 63 && QUALIFIED.test(name) && (slash < 0 || DNS_SUBDOMAIN.allows(key.slice(0, slash)));
  },
  expected: 'a key such as "app" or "example.com/app": up to 63 letters, digits, -, _ and ., no blanks',
};

export const LABEL_VALUE: NameRule = {
  allows: (value) => value === "" || (value.length <= 63 && QUALIFIED.test(value)),
  expected: "up to 63 letters, digits, -, _ and ., with a letter or digit at both ends",
};

/** Complains of a text that is against a rule. Of no text nothing is said. */
export function checkName(field: Field, rule: NameRule): void {
  const name = peekText(field);
  if (name !== null && !rule.allows(name)) complain(field, rule.expected);
}
