// The database's own thread: every fsync happens here, none on the event loop that serves plugins. One group in, one answer out;
// what the sender gathers meanwhile is the next group.
import { existsSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { Checkpoints } from './checkpoints.ts';
import { GroupExecutor, type Request } from './group-executor.ts';
import { Inbox } from './inbox.ts';
import { openDatabase } from './open-database.ts';
import { createWork } from './create-work.ts';
import type { UnsettledRun } from './pending-runs.ts';
import { openingFactsOf } from './sqlite-error.ts';
import { Statements } from './statements.ts';

/** What the thread says beside the ends of groups: the rows of this run were refused. */
export interface UnsettledNote {
  readonly unsettled: string;
  readonly cause: string;
}

/** From so many on that have ended their rows are written between two groups; fewer wait for an idle moment, or for more. */
const TIDY_RUNS = 8;

function serve(port: NonNullable<typeof parentPort>, path: string): void {
  const database = openDatabase(path);
  // A file system may not bear a write-ahead log: only what is there now is missed later.
  const files = [path, `${path}-wal`].filter((file) => existsSync(file));
  const isInPlace = (): boolean => files.every((file) => existsSync(file));
  const onUnsettled = ({ runId, cause }: UnsettledRun): void => {
    port.postMessage({ unsettled: runId, cause: String(cause) } satisfies UnsettledNote);
  };
  const work = createWork(new Statements(database));
  const executor = new GroupExecutor(database, work, isInPlace, onUnsettled);
  const inbox = new Inbox<readonly Request[] | 'close'>(port);
  const isWanted = (): boolean => inbox.hasMore;
  const checkpoints = new Checkpoints(database, () => executor.tidy(isWanted));
  inbox.onMessage((group) => {
    checkpoints.busy();
    if (group === 'close') {
      closeAll(executor, database);
      port.close();
      return;
    }
    port.postMessage(executor.execute(group));
    // The sender has its answers to hand out first.
    if (work.pending.endedCount >= TIDY_RUNS) executor.tidy(isWanted);
    checkpoints.afterGroup();
  });
  port.postMessage('open');
}

/** So that the next one to open the file, an older program maybe, finds rows. */
function closeAll(executor: GroupExecutor, database: ReturnType<typeof openDatabase>): void {
  try {
    executor.settle();
  } catch {
    // The journal stands, and is read at the next start.
  }
  database.close();
}

if (parentPort !== null) {
  try {
    serve(parentPort, String(workerData));
  } catch (error) {
    parentPort.postMessage(openingFactsOf(error));
    parentPort.close();
  }
}
