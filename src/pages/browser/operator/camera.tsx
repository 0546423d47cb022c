import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { problemText, type Api } from '../lib/api.ts';
import { useFrames } from '../lib/camera.ts';
import type { CameraState } from '../lib/contract.ts';
import { Icon } from '../lib/icons.tsx';
import { useObjectUrl } from '../lib/object-url.ts';

export interface CameraProps {
  readonly api: Api;
  readonly disabled: boolean;
  readonly onPhoto: (photo: Blob) => void;
}

/** The station's camera as a source of reference photos; nothing where it has none. */
export function Camera({ api, disabled, onPhoto }: CameraProps): JSX.Element | null {
  const [there, setThere] = useState(false);
  const [open, setOpen] = useState(false);
  const { frame, failure } = useFrames(api, open);
  const url = useObjectUrl(frame);
  useEffect(() => {
    api
      .get<CameraState>('camera')
      .then(({ available }) => setThere(available))
      .catch(() => setThere(false));
  }, [api]);
  if (!there) return null;
  return (
    <div class="camera">
      {open && url !== null ? <img src={url} alt="What the station’s camera sees" /> : null}
      <div class="row">
        <button type="button" disabled={disabled} aria-pressed={open} onClick={() => setOpen(!open)}>
          {open ? 'Close the camera' : 'Use the station’s camera'}
        </button>
        {open && frame !== null ? (
          <button type="button" onClick={() => onPhoto(frame)}>
            <Icon name="photo" /> Take this picture
          </button>
        ) : null}
      </div>
      <p class="failure" role="alert">
        {open && failure !== null ? problemText(failure) : null}
      </p>
    </div>
  );
}
