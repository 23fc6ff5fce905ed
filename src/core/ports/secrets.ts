// Where the values of named secrets come from. Values are never logged, stored or put into an error.

export interface Secrets {
  /**
   * The values of the names, all or nothing.
   * @throws GantryError SECRET_MISSING naming each name without a value; SECRET_INVALID for a value under 8 characters
   */
  read(names: readonly string[], options: { readonly signal: AbortSignal }): Promise<ReadonlyMap<string, string>>;
}
