/** Types of the filter language, as far as it matters which a constant has. */
export type MadeType =
  | "int"
  | "ip"
  | "quad"
  | "pair"
  | "ec"
  | "lc"
  | "enum"
  | "bool"
  | "string"
  | "prefix"
  | "set"
  | "mask"
  | "list"
  /** BIRD cannot work it out: a number and a text are added. */
  | "error"
  /** Only a run would tell. */
  | "unknown";

/** What a term gives; the value of a number where it is known. */
export interface Made {
  readonly type: MadeType;
  readonly value: number | null;
}

export function made(type: MadeType, value: number | null = null): Made {
  return { type, value };
}

/** Types of which there are sets. */
const IN_SETS: ReadonlySet<MadeType> = new Set(["int", "ip", "quad", "pair", "ec", "lc", "enum"]);

export function fitsInSet({ type }: Made): boolean {
  return IN_SETS.has(type);
}

/** `+`, `-`, `*`, `/` of two numbers of 32 bits. */
export function calculated(sign: string, left: Made, right: Made): Made {
  if (left.type === "unknown" || right.type === "unknown") return made("unknown");
  if (left.type !== "int" || right.type !== "int") return made("error");
  if (sign === "/" && right.value === 0) return made("error");
  if (left.value === null || right.value === null) return made("int");
  switch (sign) {
    case "+":
      return made("int", (left.value + right.value) >>> 0);
    case "-":
      return made("int", (left.value - right.value) >>> 0);
    case "*":
      return made("int", Math.imul(left.value, right.value) >>> 0);
    default:
      return made("int", Math.floor(left.value / right.value));
  }
}
