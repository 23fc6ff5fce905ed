// The seccomp profile: what is allowed and what is excluded are two lists that must not meet.
import { expect, test } from 'vitest';
import { SECCOMP_PROFILE } from '../../../src/sandbox/container/seccomp.ts';
import { ALLOWED_SYSCALLS, EXCLUDED_SYSCALLS } from '../../../src/sandbox/container/seccomp-table.ts';

interface Rule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args: readonly { readonly index: number; readonly value: number; readonly op: string }[];
}
const profile = JSON.parse(SECCOMP_PROFILE) as {
  readonly defaultAction: string;
  readonly archMap: readonly { readonly subArchitectures: readonly string[] }[];
  readonly syscalls: readonly Rule[];
};
const rulesOf = (name: string): readonly Rule[] => profile.syscalls.filter((rule) => rule.names.includes(name));

test('refuses whatever it does not name, and every 32-bit call', () => {
  expect(profile.defaultAction).toBe('SCMP_ACT_ERRNO');
  expect(profile.archMap.flatMap((arch) => arch.subArchitectures)).toEqual([]);
});

test('names no call twice and none that is excluded', () => {
  const allowed = Object.values(ALLOWED_SYSCALLS).flat();
  expect(new Set(allowed).size).toBe(allowed.length);
  for (const name of Object.keys(EXCLUDED_SYSCALLS)) expect(rulesOf(name), name).toEqual([]);
});

test('opens sockets of four families only', () => {
  const families = rulesOf('socket').flatMap((rule) => rule.args.map((arg) => [arg.index, arg.op, arg.value]));
  expect(families).toEqual([1, 2, 10, 16].map((family) => [0, 'SCMP_CMP_EQ', family]));
});

test('lets clone through without namespace flags only, and hides clone3', () => {
  expect(rulesOf('clone')).toMatchObject([
    { action: 'SCMP_ACT_ALLOW', args: [{ op: 'SCMP_CMP_MASKED_EQ', value: 0x7e020000, valueTwo: 0 }] },
  ]);
  expect(rulesOf('clone3')).toMatchObject([{ action: 'SCMP_ACT_ERRNO', errnoRet: 38 }]);
});
