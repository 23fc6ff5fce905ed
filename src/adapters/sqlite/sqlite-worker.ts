// The database's own thread: every fsync happens here, none on the event loop that serves plugins. One group in, one answer out;
// what the sender gathers meanwhile is the next group.
import { existsSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { Checkpoints } from './checkpoints.ts';
import { GroupExecutor, type Request } from './group-executor.ts';
import { openDatabase } from './open-database.ts';
import { createPerform } from './operations.ts';
import { openingFactsOf } from './sqlite-error.ts';
import { Statements } from './statements.ts';

function serve(port: NonNullable<typeof parentPort>, path: string): void {
  const database = openDatabase(path);
  // A file system may not bear a write-ahead log: only what is there now is missed later.
  const files = [path, `${path}-wal`].filter((file) => existsSync(file));
  const isInPlace = (): boolean => files.every((file) => existsSync(file));
  const executor = new GroupExecutor(database, createPerform(new Statements(database)), isInPlace);
  const checkpoints = new Checkpoints(database);
  port.on('message', (group: readonly Request[] | 'close') => {
    checkpoints.busy();
    if (group !== 'close') {
      port.postMessage(executor.execute(group));
      checkpoints.afterGroup();
      return;
    }
    database.close();
    port.close();
  });
  port.postMessage('open');
}

if (parentPort !== null) {
  try {
    serve(parentPort, String(workerData));
  } catch (error) {
    parentPort.postMessage(openingFactsOf(error));
    parentPort.close();
  }
}
