// Types of ensure-test-tools.mjs for the tests; the script itself stays plain JavaScript like all of set-up.
export interface TestTools {
  /** absolute paths of the programs */
  readonly jq: string;
  /** `prometheus` lies beside it */
  readonly promtool: string;
}

export function ensureTestTools(): Promise<TestTools>;
/** The same without getting anything: undefined unless all are there. */
export function findTestTools(): TestTools | undefined;
