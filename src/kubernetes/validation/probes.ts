import { complain, type Field, isRecord } from "../field.ts";
import { isAbsent, peek } from "./peek.ts";
import { checkPortNumber, checkPortOrName } from "./ports.ts";

const PROBES = ["livenessProbe", "readinessProbe", "startupProbe"];
const WAYS = ["exec", "httpGet", "tcpSocket", "grpc"];

/** What the kubelet asks a container: in one way, and at a port (pkg/apis/core/validation, validateProbe and validateHandler). */
export function checkProbes(container: Field): void {
  for (const name of PROBES) {
    const probe = peek(container, name);
    if (!isRecord(probe.value)) continue;
    const ways = WAYS.map((way) => peek(probe, way)).filter((way) => !isAbsent(way));
    if (ways.length !== 1) complain(probe, "one of exec, httpGet, tcpSocket and grpc");
    checkPortOrName(peek(peek(probe, "httpGet"), "port"));
    checkPortOrName(peek(peek(probe, "tcpSocket"), "port"));
    checkPortNumber(peek(peek(probe, "grpc"), "port"));
  }
}
