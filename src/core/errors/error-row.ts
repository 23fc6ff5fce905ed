// One row of the error table: who is at fault, where it shows, what it means and how it is mended.

/** Who is at fault. `load`: busy, retry later. `platform`: engine or store. `defect`: our own mistake. */
export type Fault = 'caller' | 'operator' | 'plugin' | 'load' | 'platform' | 'defect';

export interface ErrorRow {
  readonly fault: Fault;
  readonly httpStatus: number;
  readonly exitCode: number;
  readonly isRetryable: boolean;
  readonly meaning: string;
  readonly mend: string;
}

export function row(
  fault: Fault,
  httpStatus: number,
  exitCode: number,
  meaning: string,
  mend: string,
  isRetryable = false,
): ErrorRow {
  return { fault, httpStatus, exitCode, isRetryable, meaning, mend };
}
