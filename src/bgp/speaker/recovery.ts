import type { Protocol, SpeakerCore } from "./protocol.ts";
import { startTimer, stopTimer, type Timer, timer, whenDue } from "./timer.ts";

/** Seconds after which a recovery ends whoever is still missing (DEFAULT_GR_WAIT of nest/protocol.h). */
export const RECOVERY_WAIT = 240;

/**
 * Recovery after a graceful restart, which `bird -R` begins: neighbours are asked to keep what this daemon told them, and until
 * they have told all of theirs nothing goes into the kernel or out to them (nest/proto.c of BIRD 1.6).
 */
export interface Recovery {
  /** Protocols that were started with the daemon and have not gone down since. */
  readonly taking: Set<Protocol>;
  /** Those of them whose routes the end waits for. */
  readonly locks: Set<Protocol>;
  /** Those of them that are given routes only at the end. */
  readonly waiting: Set<Protocol>;
  readonly timer: Timer;
  /** Called with each protocol that waited. */
  resume(item: Protocol): void;
}

/** The recovery of a daemon; `resumption`: what is done with each protocol that waited. */
export function recovery<Resumption extends Pick<Recovery, "resume">>(
  core: SpeakerCore,
  resumption: Resumption,
): Recovery & Resumption {
  const over = timer(core.world);
  whenDue(over, endWhileRunning, [core]);
  return { ...resumption, taking: new Set(), locks: new Set(), waiting: new Set(), timer: over };
}

function endWhileRunning(core: SpeakerCore): void {
  if (core.running) endRecovery(core);
}

/** graceful_restart_init(): after all protocols were started. */
export function beginRecovery(core: SpeakerCore): void {
  if (core.recovery === null) return;
  if (core.recovery.locks.size === 0) endRecovery(core);
  else startTimer(core.recovery.timer, RECOVERY_WAIT);
}

/** graceful_restart_done(). */
export function endRecovery(core: SpeakerCore): void {
  const { recovery } = core;
  if (recovery === null) return;
  stopTimer(recovery.timer);
  core.recovery = null;
  for (const item of recovery.waiting) if (item.state === "up") recovery.resume(item);
}

/** proto_graceful_restart_unlock(): the last one ends the recovery. */
export function unlockRecovery(core: SpeakerCore, item: Protocol): void {
  const { recovery } = core;
  if (recovery === null || !recovery.locks.delete(item)) return;
  if (recovery.locks.size === 0 && recovery.timer.expires !== null) startTimer(recovery.timer, 0);
}

/** proto_falling_down(): the protocol takes no part any more. */
export function leaveRecovery(core: SpeakerCore, item: Protocol): void {
  if (core.recovery === null) return;
  core.recovery.taking.delete(item);
  core.recovery.waiting.delete(item);
  unlockRecovery(core, item);
}

/** Whether a protocol that is up is not given routes yet. */
export function waitsForRecovery(core: SpeakerCore, item: Protocol): boolean {
  return core.recovery?.waiting.has(item) === true;
}
