// What the bare references run, in Python, without SDK, checks or clean-up: a line in, a line out. `plain` reads and writes JSON as any worker
// must; `all` gives back the data it got, for the benchmark of large contexts; `echo` is the transport alone.
export const PYTHON = '/usr/bin/python3';

export type BareWorker = 'plain' | 'all' | 'echo';

export function bareProgram(worker: BareWorker): string {
  const answers = { plain: '{"n": 1}', all: 'request["context"]["data"]' } as const;
  const lines =
    worker === 'echo'
      ? ['    sys.stdout.buffer.write(line)']
      : [
          '    request = json.loads(line)',
          `    answer = {"id": request["invocation"]["id"], "result": ${answers[worker]}}`,
          '    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\\n")',
        ];
  return ['import json, sys', 'for line in sys.stdin.buffer:', ...lines, '    sys.stdout.buffer.flush()'].join('\n');
}
