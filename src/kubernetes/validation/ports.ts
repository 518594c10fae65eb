import { complain, type Field } from "../field.ts";
import { checkName, PORT_NAME } from "./names.ts";
import { isAbsent, peekInteger, peekText } from "./peek.ts";

const HIGHEST = 65535;

function isPortNumber(port: number): boolean {
  return port >= 1 && port <= HIGHEST;
}

/** Complains of a number that is no port. Of no number nothing is said. */
export function checkPortNumber(field: Field): void {
  const port = peekInteger(field);
  if (port !== null && !isPortNumber(port)) complain(field, `a port from 1 to ${HIGHEST}`);
}

/** The same of a field that must be there. */
export function checkRequiredPort(field: Field): void {
  if (isAbsent(field)) complain(field, `a port from 1 to ${HIGHEST}`);
  checkPortNumber(field);
}

/** A number, or a port's name: `"80"` is neither. */
export function checkPortOrName(field: Field): void {
  checkPortNumber(field);
  if (/^\d+$/.test(peekText(field) ?? "")) complain(field, "a number without quotes around it, or a port's name");
  checkName(field, PORT_NAME);
}

const PROTOCOLS = ["TCP", "UDP", "SCTP"];

/** The protocol of a port, TCP where none is written; capital letters count. */
export function checkProtocol(field: Field): string {
  const written = peekText(field) ?? "";
  if (written !== "" && !PROTOCOLS.includes(written)) complain(field, "TCP, UDP or SCTP");
  return written === "" ? "TCP" : written;
}
