import { at, complain, member, text, topField } from "../../kubernetes/field.ts";
import type { Finding } from "../../model/finding.ts";
import type { OriginTable } from "../../model/origin.ts";
import { descriptionReading, tellProblems } from "../fabric/description-reading.ts";
import { type FabricDescription, NO_FABRIC, readFabric, unknownFabricKeys } from "../fabric/fabric.ts";
import { unknownKeys } from "../known-keys.ts";
import { noYaml, parseDocument } from "../resources/parse-document.ts";
import type { PlacedFile } from "./layout.ts";

/** `snapshot.yaml`: what dumps cannot tell. */
export interface SnapshotDescription extends FabricDescription {
  readonly name: string | null;
  readonly collectedAt: string | null;
  readonly findings: readonly Finding[];
}

export const NO_DESCRIPTION: SnapshotDescription = { name: null, collectedAt: null, ...NO_FABRIC, findings: [] };

/** Reads `snapshot.yaml` (INTERFACES section 2). What is wrong in it is a finding and left out. */
export function readDescription(file: PlacedFile, origins: OriginTable): SnapshotDescription {
  const document = parseDocument(file.text);
  if (document.kind === "error") {
    return { ...NO_DESCRIPTION, findings: [noYaml(document, file.path)] };
  }
  const top = topField(document.value);
  const reading = descriptionReading(file.path, file.text, "Snapshot", origins);
  const fabric = member(top, "fabric");
  const unknown = [
    ...unknownKeys(top, ["apiVersion", "kind", "metadata", "collectedAt", "fabric"]),
    ...unknownKeys(member(top, "metadata"), ["name"]),
    ...unknownFabricKeys(fabric),
  ];
  const kind = member(top, "kind");
  if (kind.value !== undefined && text(kind) !== "Snapshot") complain(kind, "Snapshot");
  const version = member(top, "apiVersion");
  if ((text(version) ?? "") !== "podpath/v1") complain(version, "podpath/v1");
  const description = {
    name: text(at(top, "metadata", "name")),
    collectedAt: text(member(top, "collectedAt")),
    ...readFabric(fabric, reading),
  };
  tellProblems(top, unknown, reading);
  return { ...description, findings: reading.findings };
}
