import type { SubjectId, Template } from '../contract.ts';
import { isSubjectId } from '../subject.ts';
import { maxTemplates } from './payloads.ts';
import { readTemplate, type TemplateForm } from './template.ts';

/** Bad templates that are remembered by name: more of them tell nothing new. */
const mostBad = 100;
const largestN = 0xffff_ffff;

/** What has arrived on the templates' topics, in bounded memory, until a manifest says what it makes. */
export interface Assembly {
  /** Takes a message: the key is `<subject>/<n>` of the topic, an empty payload deletes. */
  take(key: string, topic: string, payload: Buffer, form: TemplateForm): void;
  /** Forgets what has arrived; what comes next is the whole set, not a change of the present one. */
  restart(): void;
  /** What comes next changes the present set. */
  rest(): void;
  /** Whether it collects the whole set. */
  readonly whole: boolean;
  /** Number of templates that have arrived, deletions not counted. */
  count(): number;
  /** The set as it would be: the whole one that was collected, or the present one with the changes. */
  over(present: Iterable<Template>): Template[];
  /** Takes out what was applied, but nothing that has come since the mark. */
  mark(): { readonly forget: () => void };
  /** Why a template was not taken, with its name; null where all are good. */
  bad(): string | null;
}

export function createAssembly(): Assembly {
  const arrived = new Map<string, Template | null>();
  const bad = new Map<string, string>();
  let whole = false;

  return {
    get whole() {
      return whole;
    },
    take(key, topic, payload, form) {
      bad.delete(key);
      const id = parseKey(key);
      if (payload.length === 0) {
        // In a whole set there is nothing that a deletion would have to be remembered against.
        if (whole) arrived.delete(key);
        else if (id !== null) keep(key, null);
        return;
      }
      const read = id === null ? unnamed : readTemplate(topic, payload, form);
      if (id !== null && read.ok) {
        keep(key, { ...id, embedding: read.embedding });
        return;
      }
      arrived.delete(key);
      if (!read.ok && bad.size < mostBad) bad.set(key, read.reason);
    },
    restart() {
      arrived.clear();
      bad.clear();
      whole = true;
    },
    rest() {
      whole = false;
    },
    count: () => [...arrived.values()].filter((template) => template !== null).length,
    over(present) {
      const set = new Map<string, Template>();
      if (!whole) for (const template of present) set.set(`${template.subject}/${template.n}`, template);
      for (const [key, template] of arrived) {
        if (template === null) set.delete(key);
        else set.set(key, template);
      }
      return [...set.values()];
    },
    mark() {
      const before = new Map(arrived);
      return {
        forget() {
          for (const [key, template] of before) if (arrived.get(key) === template) arrived.delete(key);
        },
      };
    },
    bad() {
      for (const [key, reason] of bad) {
        const more = bad.size > 1 ? ` (and ${bad.size - 1} more)` : '';
        return `the template ${key.slice(0, 50)} ${reason}${more}`;
      }
      return null;
    },
  };

  function keep(key: string, template: Template | null): void {
    // Beyond that a manifest could not be met anyway: what is missing is asked for anew.
    if (arrived.size < maxTemplates || arrived.has(key)) arrived.set(key, template);
  }
}

const unnamed = { ok: false, reason: 'has no valid name' } as const;

function parseKey(key: string): { subject: SubjectId; n: number } | null {
  const [, subject = '', n = ''] = /^([^/]+)\/(0|[1-9]\d{0,9})$/.exec(key) ?? [];
  return isSubjectId(subject) && Number(n) <= largestN ? { subject, n: Number(n) } : null;
}
