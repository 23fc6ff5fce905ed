// CEL through a library, behind the Expressions port. The library bounds the tree but not the cost of running it, so whatever could loop
// over data (macros, regular expressions) is refused when compiled: what is left costs at most the size of the expression.
import { Environment, type ASTNode } from '@marcbachmann/cel-js';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import { isJsonObject, type JsonValue } from '../../core/json.ts';
import type { Expression, ExpressionKind, Expressions } from '../../core/ports/expression.ts';

const SOURCE_CHARACTERS_MAX = 2_000;
const LOOPING = new Set(['all', 'exists', 'exists_one', 'map', 'filter', 'matches']);
/** The library leaves such members out of a map without a word. */
const DROPPED = new Set(['__proto__', 'constructor', 'prototype']);
const VARIABLES = ['params', 'data', 'results', 'run'] as const;

export class CelExpressions implements Expressions {
  readonly #environment: Environment;

  constructor() {
    let environment = new Environment({
      limits: { maxAstNodes: 200, maxDepth: 20 },
      homogeneousAggregateLiterals: false,
      enableOptionalTypes: true,
    });
    for (const name of VARIABLES) environment = environment.registerVariable(name, 'dyn');
    this.#environment = environment;
  }

  compile(source: string, only: readonly string[] = VARIABLES): Expression {
    if (source.length > SOURCE_CHARACTERS_MAX)
      throw new GantryError(
        'EXPRESSION_INVALID',
        `the expression has over ${String(SOURCE_CHARACTERS_MAX)} characters`,
      );
    let parsed: ReturnType<Environment['parse']>;
    let type: string | undefined;
    try {
      parsed = this.#environment.parse(source);
      const looping = firstLooping(parsed.ast);
      if (looping !== null) throw new Error(`${looping}() is not available here`);
      const dropped = firstDropped(parsed.ast);
      if (dropped !== null) throw new Error(`a member cannot be called ${dropped}`);
      const checked = parsed.check();
      if (!checked.valid) throw checked.error ?? new Error('the expression does not type-check');
      const foreign = named(parsed.ast).find((name) => VARIABLES.some((one) => one === name) && !only.includes(name));
      if (foreign !== undefined) throw new Error(`${foreign} is not there; there are ${only.join(' and ')}`);
      ({ type } = checked);
    } catch (error) {
      throw new GantryError('EXPRESSION_INVALID', `expression ${JSON.stringify(source)}: ${firstLine(error)}`, {
        cause: error,
      });
    }
    return {
      source,
      kind: kindOf(type ?? 'dyn'),
      evaluate(variables) {
        const bound = Object.fromEntries(VARIABLES.map((name) => [name, toCel(variables[name] ?? null)]));
        try {
          return toJson(parsed(bound));
        } catch (error) {
          throw new GantryError('EXPRESSION_INVALID', `expression ${JSON.stringify(source)}: ${firstLine(error)}`, {
            cause: error,
          });
        }
      },
    };
  }
}

function firstLine(error: unknown): string {
  return messageOf(error).split('\n')[0] ?? 'not acceptable';
}

/** The name of the first call that could loop over data; null when there is none. Node trees are bounded by the parser's limits. */
function firstLooping(node: unknown): string | null {
  if (Array.isArray(node)) return node.map(firstLooping).find((name) => name !== null) ?? null;
  if (typeof node !== 'object' || node === null) return null;
  const { op, args } = node as Pick<ASTNode, 'op'> & { args: unknown };
  const called = (op === 'call' || op === 'rcall') && Array.isArray(args) ? String(args[0]) : null;
  return called !== null && LOOPING.has(called) ? called : firstLooping(args);
}

/** The first key of a map that would be dropped; null when there is none. */
function firstDropped(node: unknown): string | null {
  if (Array.isArray(node)) return node.map(firstDropped).find((name) => name !== null) ?? null;
  if (typeof node !== 'object' || node === null) return null;
  const { op, args } = node as Pick<ASTNode, 'op'> & { args: unknown };
  const keys =
    op === 'map' && Array.isArray(args) ? (args as readonly (readonly ASTNode[])[]).map(([key]) => key?.args) : [];
  const dropped = keys.find((key): key is string => typeof key === 'string' && DROPPED.has(key));
  return dropped ?? firstDropped(args);
}

/** The identifiers of a tree, in its order. */
function named(node: unknown): readonly string[] {
  if (Array.isArray(node)) return node.flatMap(named);
  if (typeof node !== 'object' || node === null) return [];
  const { op, args } = node as Pick<ASTNode, 'op'> & { args: unknown };
  return op === 'id' ? [String(args)] : named(args);
}

/** @param type as the library writes it: `bool`, `list<dyn>`, `map<string, dyn>`, … */
function kindOf(type: string): ExpressionKind {
  if (type === 'dyn') return 'unknown';
  if (type === 'bool') return 'boolean';
  if (type.startsWith('list')) return 'list';
  return type.startsWith('map') ? 'object' : 'other';
}

/** JSON numbers are doubles, which CEL will not add to its integer literals: whole numbers become integers. */
function toCel(value: JsonValue): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toCel);
  if (isJsonObject(value)) return new Map(Object.entries(value).map(([key, member]) => [key, toCel(member)]));
  return value;
}

function toJson(value: unknown): JsonValue {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${String(value)} is no JSON`);
  if (isScalar(value)) return value;
  if (Array.isArray(value)) return value.map(toJson);
  const entries = entriesOf(value);
  if (entries === null) throw new Error(`a value of type ${Object.prototype.toString.call(value)} is no JSON`);
  const object = Object.create(null) as Record<string, JsonValue>;
  for (const [key, member] of entries) object[String(key)] = toJson(member);
  return object;
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** Members of a CEL map or a plain object; null for anything else. */
function entriesOf(value: unknown): readonly (readonly [unknown, unknown])[] | null {
  if (value instanceof Map) return [...(value as Map<unknown, unknown>)];
  const prototype: unknown = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined;
  return prototype === null || prototype === Object.prototype ? Object.entries(value as object) : null;
}
