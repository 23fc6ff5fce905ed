// Values of `format` in schemas: days, times and names that are written one way only. Looked at without anything that could take long, whatever
// the text. As RFC 3339 (`date`, `time`, `date-time`) and RFC 9562 (`uuid`) have them; `email` and `uri` only in outline.

const DAYS_OF_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?(?:Z|[+-](\d{2}):(\d{2}))$/i;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const EMAIL = /^[^\s@]{1,64}@[^\s@.]{1,63}(?:\.[^\s@.]{1,63}){1,8}$/;
const URI = /^[a-z][a-z0-9+.-]{0,31}:[^\s<>"{}|\\^`]{1,8000}$/i;

/** Name of a format → whether a text is so written. */
export const TEXT_FORMATS = {
  date: isDate,
  time: isTime,
  'date-time': isDateTime,
  email: (text: string) => EMAIL.test(text),
  uri: (text: string) => URI.test(text),
  uuid: (text: string) => UUID.test(text),
} as const satisfies Readonly<Record<string, (text: string) => boolean>>;

export type TextFormat = keyof typeof TEXT_FORMATS;

export function isTextFormat(name: unknown): name is TextFormat {
  return typeof name === 'string' && Object.hasOwn(TEXT_FORMATS, name);
}

function isDate(text: string): boolean {
  const [, year = 0, month = 0, day = 0] = DATE.exec(text)?.map(Number) ?? [];
  const days = month === 2 && isLeap(year) ? 29 : (DAYS_OF_MONTH[month - 1] ?? 0);
  return day >= 1 && day <= days;
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

/** Greatest hour, minute and second (60 is a leap second), and hour and minute of the distance from UTC. */
const TIME_MAX = [23, 59, 60, 23, 59] as const;

function isTime(text: string): boolean {
  const found = TIME.exec(text);
  return found !== null && TIME_MAX.every((most, index) => Number(found[index + 1] ?? 0) <= most);
}

function isDateTime(text: string): boolean {
  return isDate(text.slice(0, 10)) && /^[T ]$/i.test(text.charAt(10)) && isTime(text.slice(11));
}
