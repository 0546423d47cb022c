import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Box, Landmarks } from '../../../vision/contract.ts';

/** A face to draw over its photo, in px of the upright photo. */
export interface DrawnFace {
  readonly box: Box;
  readonly landmarks: Landmarks;
  /** Beside the box, such as its number in a list. */
  readonly label: string | null;
  readonly tone: 'good' | 'bad' | 'watch' | 'plain';
}

export interface PhotoProps {
  readonly src: string;
  readonly alt: string;
  readonly faces: readonly DrawnFace[];
}

/** A photo with the boxes and landmarks of its faces. The browser turns it upright as the station does (EXIF). */
export function Photo({ src, alt, faces }: PhotoProps): JSX.Element {
  const [size, setSize] = useState<readonly [number, number] | null>(null);
  const [shown, setShown] = useState(true);
  const unit = size === null ? 0 : Math.max(size[0], size[1]) / 100;
  return (
    <div class="photo">
      {shown ? (
        <img
          src={src}
          alt={alt}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
            setSize([naturalWidth, naturalHeight])
          }
          onError={() => setShown(false)}
        />
      ) : (
        <p class="quiet">This browser can’t show this format; the station may still read it.</p>
      )}
      {size === null ? null : (
        <svg viewBox={`0 0 ${size[0]} ${size[1]}`} aria-hidden="true">
          {faces.map(({ box: [x1, y1, x2, y2], landmarks, label, tone }, index) => (
            <g key={index} data-tone={tone}>
              <rect x={x1} y={y1} width={x2 - x1} height={y2 - y1} rx={unit} />
              {landmarks.map(([x, y], point) => (
                <circle key={point} cx={x} cy={y} r={Math.max((x2 - x1) / 40, unit * 0.35)} />
              ))}
              {label === null ? null : (
                <text x={x1 + unit} y={Math.max(y1 - unit, unit * 4)} font-size={unit * 4}>
                  {label}
                </text>
              )}
            </g>
          ))}
        </svg>
      )}
    </div>
  );
}
