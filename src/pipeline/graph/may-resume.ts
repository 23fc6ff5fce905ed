// The one rule of what may be called a second time (I-5): an invocation that was cut short is repeated only when its input was never
// delivered or its plugin says that it is idempotent. Ended invocations do not matter here: they are taken over, not repeated.

export interface CutShort {
  readonly version: { readonly plugin: { readonly idempotent: boolean } };
  readonly outcome: { readonly code: string };
  readonly isDelivered: boolean;
}

/** True when every invocation of the hook that has no end of its own may be repeated. */
export function mayResume(ends: readonly CutShort[]): boolean {
  return ends.every(
    ({ version, outcome, isDelivered }) =>
      (outcome.code !== 'cancelled' && outcome.code !== 'lost') || !isDelivered || version.plugin.idempotent,
  );
}
