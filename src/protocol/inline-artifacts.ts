// The member `artifacts` of a result document: named bytes that go with the run, inline. Only their shape is read here, and nothing is decoded:
// what they are in bytes, and whether there is room for them, is for the pipeline to say.
import { ARTIFACT_NAME, ARTIFACTS_MAX, CONTENT_TYPE, UNKNOWN_TYPE, type InlineArtifact } from '../core/artifact.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts';

export interface ArtifactFault {
  readonly violation: 'bad_artifact' | 'artifact_limit';
  /** one sentence; what it quotes is hostile */
  readonly message: string;
}

const NONE: readonly InlineArtifact[] = [];
const TEXT_TYPE = 'text/plain';
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const NAME_RULE = '1 to 128 letters, digits, `.`, `_`, `-`, beginning with a letter or digit';

/** @param value of the member; absent or null: none */
export function readInlineArtifacts(value: JsonValue | undefined): readonly InlineArtifact[] | ArtifactFault {
  if (value === undefined || value === null) return NONE;
  if (!Array.isArray(value)) return bad('the artifacts of the result are no list');
  if (value.length > ARTIFACTS_MAX) {
    const message = `the result has ${String(value.length)} artifacts; a run may have ${String(ARTIFACTS_MAX)}`;
    return { violation: 'artifact_limit', message };
  }
  const read = new Map<string, InlineArtifact>();
  for (const [index, one] of value.entries()) {
    const artifact = isJsonObject(one) ? readOne(one) : 'it must be an object with `name` and `text` or `base64`';
    if (typeof artifact === 'string') return bad(`artifact ${String(index + 1)} of the result: ${artifact}`);
    if (read.has(artifact.name)) return bad(`the result has two artifacts of the name ${artifact.name}`);
    read.set(artifact.name, artifact);
  }
  return [...read.values()];
}

export function isFault(read: readonly InlineArtifact[] | ArtifactFault): read is ArtifactFault {
  return 'violation' in read;
}

/** A text: what is wrong with it. */
function readOne(one: JsonObject): InlineArtifact | string {
  const { name } = one;
  if (typeof name !== 'string' || !ARTIFACT_NAME.test(name)) return `\`name\` must be ${NAME_RULE}`;
  const bytes = readContent(one);
  if (typeof bytes === 'string') return `${name} ${bytes}`;
  const { contentType = bytes.encoding === 'utf8' ? TEXT_TYPE : UNKNOWN_TYPE } = one;
  if (typeof contentType !== 'string' || !CONTENT_TYPE.test(contentType))
    return `\`contentType\` of ${name} must be a media type without parameters, like text/csv`;
  return { name, contentType, ...bytes };
}

function readContent({ text, base64 }: JsonObject): Pick<InlineArtifact, 'content' | 'encoding'> | string {
  if ((text === undefined) === (base64 === undefined)) return 'must have one of `text`, `base64`';
  if (typeof text === 'string') return { encoding: 'utf8', content: text };
  if (text !== undefined) return 'has a `text` that is none';
  const isBase64 = typeof base64 === 'string' && base64.length % 4 === 0 && BASE64.test(base64);
  return isBase64 ? { encoding: 'base64', content: base64 } : 'has a `base64` that is none';
}

function bad(message: string): ArtifactFault {
  return { violation: 'bad_artifact', message };
}
