import { useEffect, useState } from 'preact/hooks';
import type { Api } from './api.ts';

/** As many pictures as a slow board can spare, ms between two. */
const betweenMs = 200;

/** The newest picture of the station's camera, again and again while it is wanted. It ends with the first failure. */
export function useFrames(
  api: Api,
  wanted: boolean,
): { readonly frame: Blob | null; readonly failure: unknown } {
  const [frame, setFrame] = useState<Blob | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  useEffect(() => {
    if (!wanted) return undefined;
    let stopped = false;
    let timer: number | undefined;
    const look = async () => {
      try {
        const next = await api.picture('camera/frame.jpg');
        if (stopped) return;
        setFrame(next);
        timer = window.setTimeout(() => void look(), betweenMs);
      } catch (error) {
        if (!stopped) setFailure(error);
      }
    };
    setFailure(null);
    void look();
    return () => {
      stopped = true;
      clearTimeout(timer);
      setFrame(null);
    };
  }, [api, wanted]);
  return { frame, failure };
}
