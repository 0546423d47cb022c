/** Figures as a person reads them. The operator's pages are in English; a dash stands for what is not known. */

export const dash = '–';

export function number(value: number | null | undefined, digits = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return dash;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `1 template`, `2 templates`: for nouns that take an s. */
export function countOf(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `850 ms`, `1.24 s` */
export function milliseconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return dash;
  return value < 1000 ? `${number(value, value < 10 ? 1 : 0)} ms` : `${number(value / 1000, 2)} s`;
}

/** `512 MB`, `28.4 GB` */
export function megabytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return dash;
  return value < 1024 ? `${number(value)} MB` : `${number(value / 1024, 1)} GB`;
}

/** The largest unit that fits: `42 s`, `17 min`, `5 h`, `12 days`. */
export function span(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return dash;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** The time of day, in the zone of the browser. */
export function timeOfDay(iso: string): string {
  return new Date(iso).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

export function dayAndTime(iso: string): string {
  return new Date(iso).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
}
