import { complain, type Field, isRecord, member, pathOf, text } from "../../kubernetes/field.ts";
import { append } from "../../model/append.ts";
import type { BirdConfiguration } from "../../model/bird/configuration.ts";
import { readBirdConfiguration } from "../bird/configuration.ts";
import { birdRefusals } from "../bird/refusal/bird-refusals.ts";
import { type UnknownKey, unknownKeys } from "../known-keys.ts";
import type { NodeReading } from "./read-node.ts";

const KEYS = ["bird", "bird6"];

/**
 * What the BIRD of a machine is told that is no node: `{bird, bird6}`, each the text of its configuration, or a file of it beside nodes.yaml. A text
 * alone is that of `bird`, or of a BIRD 2 for both families.
 */
export function readBirdConfig(
  field: Field,
  unknown: UnknownKey[],
  reading: NodeReading,
): readonly BirdConfiguration[] {
  if (field.value === undefined || field.value === null) return [];
  if (typeof field.value === "string") return readOne(field, null, reading);
  if (!isRecord(field.value)) {
    complain(field, "the text of a bird.conf, the name of such a file, or {bird, bird6}");
    return [];
  }
  unknown.push(...unknownKeys(field, KEYS));
  return [...readOne(member(field, "bird"), "bird", reading), ...readOne(member(field, "bird6"), "bird6", reading)];
}

/** `program`: null where the name of the file tells it. */
function readOne(field: Field, program: "bird" | "bird6" | null, reading: NodeReading): readonly BirdConfiguration[] {
  const written = text(field);
  if (written === null) return [];
  const isText = /[\n;{}]/.test(written);
  const content = isText ? written : reading.other(written);
  if (content === null) {
    complain(field, "the text of a bird.conf, or a file of it beside nodes.yaml");
    return [];
  }
  // a block scalar begins on the line after its key: its statements have the numbers of their own lines
  const padded = isText ? `${"\n".repeat(reading.locator.key(pathOf(field))?.line ?? 0)}${content}` : content;
  const file = isText ? reading.file : written;
  const beside = (name: string) => {
    const found = reading.other(name);
    return found === null ? [] : [{ path: name, text: found }];
  };
  const { configuration, findings } = readBirdConfiguration(padded, file, reading.origins, beside);
  const judged = program === "bird6" ? `${file}/bird6.conf` : file;
  const refusals = configuration.syntax === "1.6" ? birdRefusals(padded, judged, beside) : [];
  const told = refusals.map((finding) => (finding.file === judged ? { ...finding, file } : finding));
  append(reading.findings, [...told, ...findings]);
  return [
    { ...configuration, file: program === null ? file : `${file}/${program}.conf`, refused: told[0]?.message ?? null },
  ];
}
