import type { JSX } from 'preact';
import { countOf } from '../lib/format.ts';
import { Icon } from '../lib/icons.tsx';
import { useObjectUrl } from '../lib/object-url.ts';
import { Photo, type DrawnFace } from '../lib/overlay.tsx';
import { PhotoInput } from '../lib/photo-input.tsx';
import type { Verdict } from './verdict.ts';

export interface WellProps {
  readonly id: string;
  readonly title: string;
  readonly hint: string;
  readonly photo: Blob | null;
  readonly onPhoto: (photo: Blob) => void;
  readonly faces: readonly DrawnFace[];
  /** Of the comparison, over the second photo. */
  readonly verdict?: Verdict | null;
}

/** One of the two photos: a place to drop it, then the photo with its faces. */
export function Well({ id, title, hint, photo, onPhoto, faces, verdict = null }: WellProps): JSX.Element {
  const url = useObjectUrl(photo);
  const tone = verdict === null ? 'quiet' : verdict.match ? 'good' : 'bad';
  return (
    <section class="well" aria-labelledby={`${id}-title`} data-tone={tone} data-decided={verdict !== null}>
      <div class="row spread">
        <h2 id={`${id}-title`}>{title}</h2>
        {verdict === null ? null : (
          <span class="pill">
            <Icon name={verdict.match ? 'check' : 'refused'} />
            {verdict.match ? 'Same person' : 'Different people'}
          </span>
        )}
      </div>
      <PhotoInput
        id={id}
        label={photo === null ? `Choose the ${title.toLowerCase()}` : 'Choose another'}
        hint={photo === null ? `or drop it here: ${hint}` : 'or drop it here'}
        onPhotos={([first]) => first !== undefined && onPhoto(first)}
      >
        {url === null ? (
          <Icon name="photo" />
        ) : (
          <Photo src={url} alt={`The ${title.toLowerCase()} photo, ${facesIn(faces.length)}`} faces={faces} />
        )}
      </PhotoInput>
    </section>
  );
}

function facesIn(count: number): string {
  if (count === 0) return 'not compared yet';
  return `with ${countOf(count, 'face')}`;
}
