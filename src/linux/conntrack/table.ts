/** The connections one namespace tracks. */
export interface ConntrackTable {
  readonly size: number;
}
