import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LogLine } from '../lib/contract.ts';
import { timeOfDay } from '../lib/format.ts';
import { detailsOf, levelOf, type Level } from './log-line.ts';

const tones: Readonly<Record<Level, string>> = {
  trace: 'quiet',
  debug: 'quiet',
  info: 'plain',
  warn: 'watch',
  error: 'bad',
  fatal: 'bad',
};

/** The end of the log, which nobody's name, photo or token gets into. It follows unless a person holds it. */
export function Log({ lines }: { readonly lines: readonly LogLine[] }): JSX.Element {
  const [held, setHeld] = useState<readonly LogLine[] | null>(null);
  const [only, setOnly] = useState(false);
  const end = useRef<HTMLOListElement>(null);
  const shown = (held ?? lines).filter((line) => !only || ['warn', 'error', 'fatal'].includes(levelOf(line)));
  useEffect(() => {
    if (held === null && end.current !== null) end.current.scrollTop = end.current.scrollHeight;
  }, [shown.length, held]);
  return (
    <section class="card" aria-labelledby="log">
      <div class="row spread">
        <h2 id="log">Log</h2>
        <div class="row">
          <button type="button" aria-pressed={only} onClick={() => setOnly(!only)}>
            Warnings only
          </button>
          <button
            type="button"
            aria-pressed={held !== null}
            onClick={() => setHeld(held === null ? lines : null)}
          >
            Hold
          </button>
        </div>
      </div>
      {shown.length === 0 ? <p class="quiet">{only ? 'No warning.' : 'No line yet.'}</p> : null}
      <ol class="log mono" ref={end} tabIndex={0} aria-labelledby="log">
        {shown.map((line, index) => {
          const level = levelOf(line);
          return (
            <li key={index} data-tone={tones[level]}>
              <span class="quiet">{timeOfDay(new Date(line.time).toISOString())}</span>
              <strong>{level}</strong>
              <span>
                {line.msg} <span class="quiet">{detailsOf(line)}</span>
              </span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
