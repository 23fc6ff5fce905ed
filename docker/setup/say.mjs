// Progress and failures of set-up. Everything goes to stderr: stdout belongs to the command that is run afterwards.

/** One progress line. */
export function say(text) {
  process.stderr.write(`gantry set-up: ${text}\n`);
}

/** A failure the user can mend: `mend` says how. Anything else that is thrown is a defect and keeps its stack. */
export class SetupError extends Error {
  constructor(message, mend) {
    super(message);
    this.name = 'SetupError';
    this.mend = mend;
  }
}

/** Prints why set-up failed, and what to do; the caller decides the exit code. */
export function sayFailure(error) {
  if (!(error instanceof SetupError)) {
    process.stderr.write(
      `gantry set-up: unexpected failure\n${error instanceof Error ? error.stack : String(error)}\n`,
    );
    return;
  }
  process.stderr.write(`gantry set-up failed: ${error.message}\n`);
  if (error.mend !== undefined) process.stderr.write(`  What to do: ${error.mend}\n`);
}
