// CEL expressions (`text` plugins' `input`; later `when`, `forEach`): compiled once, run with limits, never eval.
import type { JsonValue } from '../json.ts';

export interface Expressions {
  /**
   * Checks the expression.
   * @param only the variables that it may name; absent: all
   * @throws GantryError EXPRESSION_INVALID with the place
   */
  compile(source: string, only?: readonly string[]): Expression;
}

/** What an expression gives, as far as that is certain before there are values; `unknown`: it depends on them. */
export type ExpressionKind = 'boolean' | 'list' | 'object' | 'other' | 'unknown';

export interface Expression {
  readonly source: string;
  readonly kind: ExpressionKind;
  /** The value over `params`, `data`, `results`, `run`. @throws GantryError EXPRESSION_INVALID when it cannot be evaluated */
  evaluate(variables: Readonly<Record<string, JsonValue>>): JsonValue;
}
