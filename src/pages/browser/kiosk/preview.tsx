import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Api } from '../lib/api.ts';
import { useFrames } from '../lib/camera.ts';
import type { CameraState } from '../lib/contract.ts';
import { useObjectUrl } from '../lib/object-url.ts';

export interface PreviewProps {
  readonly api: Api;
  readonly live: boolean;
  readonly label: string;
}

/**
 * What the camera sees, mirrored as people know themselves. Only where the operator switched `http.preview` on and the station
 * has a camera; else there is nothing of anybody's face here, whatever this screen's token allows.
 */
export function Preview({ api, live, label }: PreviewProps): JSX.Element | null {
  const [wanted, setWanted] = useState(false);
  useEffect(() => {
    if (!live) {
      setWanted(false);
      return;
    }
    api
      .get<CameraState>('camera')
      .then(({ available, preview }) => setWanted(available && preview))
      .catch(() => setWanted(false));
  }, [api, live]);
  const { frame } = useFrames(api, wanted);
  const url = useObjectUrl(frame);
  return url === null ? null : <img class="preview" src={url} alt={label} />;
}
