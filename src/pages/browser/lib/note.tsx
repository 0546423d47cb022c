import type { ComponentChildren, JSX } from 'preact';
import { Icon, type IconName } from './icons.tsx';

export type NoteTone = 'good' | 'watch' | 'bad' | 'plain';

const icons: Readonly<Record<NoteTone, IconName>> = {
  good: 'check',
  watch: 'warning',
  bad: 'refused',
  plain: 'face',
};

/** Something that a person should know, with a sign of its kind beside it. */
export function Note({
  tone,
  children,
}: {
  readonly tone: NoteTone;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="note" data-tone={tone}>
      <Icon name={icons[tone]} />
      <div>{children}</div>
    </div>
  );
}
