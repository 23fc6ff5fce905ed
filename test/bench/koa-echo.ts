// The HTTP reference: a Koa server that reads a JSON body and writes it back; nothing else. Asked anything, it says where it listens.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import Koa from 'koa';

const app = new Koa();
app.use(async (context) => {
  const chunks: Buffer[] = [];
  for await (const chunk of context.req) chunks.push(chunk as Buffer);
  context.body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as object;
});
const answer = app.callback();
const server = createServer((request, response) => void answer(request, response));
const listening = once(server.listen(0, '127.0.0.1'), 'listening');

process.on('message', () => {
  void listening.then(() => process.send?.(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`));
});
process.on('disconnect', () => process.exit());
