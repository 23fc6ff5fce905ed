// Reads the driver's messages (OP_MSG) for the filters and sorts in them, and tells whether a declared index serves each. It looks at shapes
// only, so it needs no server that can explain.
import { BSON, type Document, type IndexDescription } from 'mongodb';

export interface QueryShape {
  readonly collection: string;
  readonly filter: readonly string[];
  readonly sort: readonly string[];
}

const OP_MSG = 2013;
const SECTIONS_OFFSET = 20;
const QUERY_COMMANDS = ['find', 'update', 'delete', 'aggregate', 'findAndModify'];

/** The command with its document sequences (long `updates` and `deletes` travel as such) folded in. */
function bodyOf(message: Buffer): Document {
  let body: Document = {};
  for (let at = SECTIONS_OFFSET; at < message.length;) {
    const size = message.readInt32LE(at + 1);
    const end = at + 1 + size;
    if (message[at] === 0) {
      body = { ...body, ...BSON.deserialize(message.subarray(at + 1, end)) };
    } else {
      const nameEnd = message.indexOf(0, at + 5);
      const documents: Document[] = [];
      for (let from = nameEnd + 1; from < end; from += message.readInt32LE(from)) {
        documents.push(BSON.deserialize(message.subarray(from, from + message.readInt32LE(from))));
      }
      body = { ...body, [message.toString('utf8', at + 5, nameEnd)]: documents };
    }
    at = end;
  }
  return body;
}

function filtersOf(command: string, body: Document): Document[] {
  if (command === 'find') return [(body['filter'] as Document | undefined) ?? {}];
  if (command === 'findAndModify') return [body['query'] as Document];
  if (command === 'aggregate') return [((body['pipeline'] as Document[])[0]?.['$match'] as Document | undefined) ?? {}];
  return (body[`${command}s`] as Document[]).map(({ q }) => q as Document);
}

/** The queries of one message; none for other commands. */
export function queryShapesOf(message: Buffer): QueryShape[] {
  if (message.readInt32LE(12) !== OP_MSG) return [];
  const body = bodyOf(message);
  const command = Object.keys(body)[0] ?? '';
  if (!QUERY_COMMANDS.includes(command)) return [];
  const sort = Object.keys((body['sort'] as Document | undefined) ?? {});
  const collection = String(body[command]);
  return filtersOf(command, body).map((filter) => ({ collection, filter: Object.keys(filter), sort }));
}

/** True when an index begins with a field of the filter, or, without a filter, with the sort's. */
export function isServed(shape: QueryShape, indexes: readonly IndexDescription[]): boolean {
  const firsts = ['_id', ...indexes.map(({ key }) => Object.keys(key)[0] ?? '')];
  return (shape.filter.length === 0 ? shape.sort.slice(0, 1) : shape.filter).some((field) => firsts.includes(field));
}
