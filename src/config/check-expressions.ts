// The expressions of a pipeline before there is anything to evaluate: each must be one, may name only what is there then, and must be able to give
// what its place needs. What depends on values is judged when the hook's time has come.
import { GantryError } from '../core/errors/gantry-error.ts';
import type { ExpressionKind, Expressions } from '../core/ports/expression.ts';
import type { DeclaredPipeline } from './pipeline-schema.ts';

type Path = readonly PropertyKey[];
type Fault = readonly [path: Path, message: string];

/** What a place needs; `unknown`: anything will do. */
interface Needs {
  readonly kind: ExpressionKind;
  /** for people */
  readonly shown: string;
  /** variables that are there; absent: all */
  readonly only?: readonly string[];
}

const CONDITION: Needs = { kind: 'boolean', shown: 'true or false' };
const ITEMS: Needs = { kind: 'list', shown: 'a list' };
const PARAMS: Needs = { kind: 'object', shown: 'an object' };
const ANYTHING: Needs = { kind: 'unknown', shown: 'a value' };
/** It is evaluated at the door: there is no run yet. */
const KEY: Needs = { ...ANYTHING, only: ['params', 'data'] };

type Source = readonly [path: Path, text: string | undefined, needs: Needs];

export function checkExpressions(pipeline: DeclaredPipeline, at: Path, expressions: Expressions): readonly Fault[] {
  const { hooks, onFailure, finally: last, concurrency } = pipeline;
  const sources: readonly Source[] = [
    [[...at, 'concurrency', 'key'], concurrency?.key, KEY],
    ...hooks.flatMap(({ when, forEach, run }, index): readonly Source[] => [
      [[...at, 'hooks', index, 'when'], when, CONDITION],
      [[...at, 'hooks', index, 'forEach'], forEach, ITEMS],
      [[...at, 'hooks', index, 'run', 'params'], run?.params, PARAMS],
      [[...at, 'hooks', index, 'run', 'input'], run?.input, ANYTHING],
    ]),
    ...onFailure.map(({ when }, index): Source => [[...at, 'onFailure', index, 'when'], when, CONDITION]),
    ...last.map(({ when }, index): Source => [[...at, 'finally', index, 'when'], when, CONDITION]),
  ];
  return sources.flatMap(([path, text, needs]): readonly Fault[] => {
    const fault = text === undefined ? null : faultOf(text, needs, expressions);
    return fault === null ? [] : [[path, fault]];
  });
}

function faultOf(text: string, { kind, shown, only }: Needs, expressions: Expressions): string | null {
  try {
    const { kind: given } = expressions.compile(text, only);
    const fits = kind === 'unknown' || given === 'unknown' || given === kind;
    return fits ? null : `never gives ${shown}: expression ${JSON.stringify(text)}`;
  } catch (error) {
    if (error instanceof GantryError) return `is no expression: ${error.message}`;
    throw error;
  }
}
