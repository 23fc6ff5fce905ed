// Times of day that repeat. A tick is a moment at which a schedule is due; every tick has one unix time, also where the clocks change.

export interface TickTimes {
  /** The first tick after the moment (unix milliseconds); null: there is none. Costs some ten microseconds. */
  next(afterMs: number): number | null;
}

export interface Cron {
  /**
   * Checks the text: five fields, or six with seconds first.
   * @param timezone IANA name
   * @throws GantryError PIPELINE_INVALID saying what is wrong, also when there is no tick ever
   */
  read(text: string, timezone: string): TickTimes;
}
