// CEL expressions (`text` plugins' `input`; later `when`, `forEach`): compiled once, run with limits, never eval.
import type { JsonValue } from '../json.ts';

export interface Expressions {
  /** Checks the expression. @throws GantryError EXPRESSION_INVALID with the place */
  compile(source: string): Expression;
}

export interface Expression {
  readonly source: string;
  /** The value over `params`, `data`, `results`, `run`. @throws GantryError EXPRESSION_INVALID when it cannot be evaluated */
  evaluate(variables: Readonly<Record<string, JsonValue>>): JsonValue;
}
