// The JSON Schemas of protocol `stream`, from the schemas that the host reads messages by.
import { z } from 'zod';
import { hostMessageSchema, pluginMessageSchema } from '../../../src/protocol/stream/message-schemas.ts';

function render(title: string, schema: z.ZodType): string {
  const body = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return `${JSON.stringify({ title, ...body }, null, 2)}\n`;
}

export function renderHostSchema(): string {
  return render('A line that the host writes (protocol stream, version 1)', hostMessageSchema);
}

export function renderPluginSchema(): string {
  return render('A line that a plugin writes (protocol stream, version 1)', pluginMessageSchema);
}
