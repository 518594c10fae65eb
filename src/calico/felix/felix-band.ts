import { FELIX_BANDS, type FelixBand } from "./felix-settings.ts";

/** The band of a release such as `v3.29.2`; null for what is no version, and for releases before 3.0. */
export function felixBand(version: string): FelixBand | null {
  const parts = /^v?3\.(\d{1,4})(?:\.(\d{1,4}))?/.exec(version);
  if (parts === null) return null;
  const [minor, patch] = [Number(parts[1]), Number(parts[2] ?? 0)];
  if (minor < 29) return "v3.28";
  if (minor > 32 || (minor === 32 && patch > 0)) return "v3.32.1";
  return FELIX_BANDS.find((band) => band === `v3.${minor}`) ?? null;
}
