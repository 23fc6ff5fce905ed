// Options of a command as the query of a request.
import { textOption, type OptionValues } from './command.ts';

/** `?a=1&b=2` of those that were given; nothing when none was. */
export function queryOf(options: OptionValues, names: readonly string[]): string {
  const pairs = names.flatMap((name) => {
    const value = textOption(options, name);
    return value === null ? [] : [`${name}=${encodeURIComponent(value)}`];
  });
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}
