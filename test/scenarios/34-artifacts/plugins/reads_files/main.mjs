import { createHash } from 'node:crypto';
import { artifact, run } from 'gantry';

run(async () => {
  const table = (await artifact.get('table.csv')).toString();
  const million = await artifact.get('million.bin');
  await artifact.put('copy.bin', [million.subarray(0, 300_000), million.subarray(300_000)]);
  const copy = createHash('sha256').update(await artifact.get('copy.bin')).digest('hex');
  const note = (await artifact.get('note.txt')).toString();
  const zeros = (await artifact.get('zeros.bin')).toString('hex');
  return { note, zeros, table, bytes: million.length, copy, empty: (await artifact.get('empty')).length };
});
