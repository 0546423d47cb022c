import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { problemText, type Api } from '../lib/api.ts';
import { useFrames } from '../lib/camera.ts';
import type { CameraState } from '../lib/contract.ts';
import { Icon } from '../lib/icons.tsx';
import { useObjectUrl } from '../lib/object-url.ts';
import { Unseen } from './unseen.tsx';

export interface CameraProps {
  readonly api: Api;
  /** Whose picture it is to be; null: that is not said yet. */
  readonly subject: string | null;
  readonly onPhoto: (photo: Blob) => void;
  /** The station has enrolled its camera's picture itself. */
  readonly onEnrolled: () => void;
}

/**
 * The station's camera as a source of reference photos; nothing where it has none. Where its picture may be seen here, a person chooses
 * from it; else the station tells how the face in it is, and enrols it when it is told so.
 */
export function Camera({ api, subject, onPhoto, onEnrolled }: CameraProps): JSX.Element | null {
  const [camera, setCamera] = useState<CameraState | null>(null);
  const [wanted, setWanted] = useState(false);
  useEffect(() => {
    api
      .get<CameraState>('camera')
      .then(setCamera)
      .catch(() => setCamera(null));
  }, [api]);
  if (camera?.available !== true) return null;
  const open = wanted && subject !== null;
  return (
    <div class="camera">
      <div class="row">
        <button
          type="button"
          disabled={subject === null}
          aria-pressed={open}
          onClick={() => setWanted(!open)}
        >
          {open ? 'Close the camera' : 'Use the station’s camera'}
        </button>
      </div>
      {!open ? null : camera.preview ? (
        <Shown api={api} onPhoto={onPhoto} />
      ) : (
        <Unseen api={api} subject={subject} onEnrolled={onEnrolled} />
      )}
    </div>
  );
}

function Shown({ api, onPhoto }: Pick<CameraProps, 'api' | 'onPhoto'>): JSX.Element {
  const { frame, failure } = useFrames(api, true);
  const url = useObjectUrl(frame);
  return (
    <>
      {url === null ? null : <img src={url} alt="What the station’s camera sees" />}
      {frame === null ? null : (
        <div class="row">
          <button type="button" onClick={() => onPhoto(frame)}>
            <Icon name="photo" /> Take this picture
          </button>
        </div>
      )}
      <p class="failure" role="alert">
        {failure === null ? null : problemText(failure)}
      </p>
    </>
  );
}
