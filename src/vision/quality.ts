import { cropSide } from './align.ts';
import type { Box, DetectedFace, ImageQuality, Landmarks } from './contract.ts';

/** Grey levels this near to black or white hold no detail any more, 0..255. */
const nearlyBlack = 8;
const nearlyWhite = 247;

/** Contrast that sharpness is told at: standard deviation of the grey levels. That of an ordinary face. */
const usualContrast = 40;

/** Below this contrast there is more noise than face, and no use in raising it. */
const leastContrast = 5;

/**
 * How far the tip of the nose stands out from the plane of eyes and mouth, in distances between the eyes. An
 * average of adult heads (about 38 of 63 mm); a person's own differs, so that the yaw is good to about ten
 * degrees.
 */
const noseDepth = 0.6;

/** Where the tip of the nose lies on the way from the eyes (0) to the mouth (1) of a frontal face, as in the template. */
const noseAlong = 0.494;

/** From the eyes to the mouth, in distances between the eyes, as in the template. */
const faceLength = 1.16;

/**
 * Measures how well a face can be recognised. `crop` is its aligned crop as `alignFace` writes it (`[3, 112,
 * 112]`, normalised); box, landmarks and the photo's size are in px of the upright photo.
 */
export function measureQuality(
  face: DetectedFace,
  crop: Float32Array,
  width: number,
  height: number,
): ImageQuality {
  const grey = greyOf(crop);
  const { brightness, contrast, clipped } = tonesOf(grey);
  const [x1, y1, x2, y2] = face.box;
  return {
    size_px: Math.min(x2 - x1, y2 - y1),
    sharpness: laplacianVariance(grey) * (usualContrast / Math.max(contrast, leastContrast)) ** 2,
    brightness,
    clipped,
    ...poseOf(face.landmarks),
    inside: insideShare(face.box, width, height),
  };
}

/** Luma of ITU-R BT.601, 0..255. */
function greyOf(crop: Float32Array): Float32Array {
  const plane = cropSide * cropSide;
  const grey = new Float32Array(plane);
  for (let i = 0; i < plane; i++) {
    const luma = 0.299 * crop[i]! + 0.587 * crop[i + plane]! + 0.114 * crop[i + 2 * plane]!;
    grey[i] = luma * 128 + 127.5;
  }
  return grey;
}

/**
 * Mean, standard deviation, and the share of nearly black and white. Apart from what follows on it: V8 makes code for a loop while it runs, and
 * what it has not seen by then throws that code away, with every face anew.
 */
function tonesOf(grey: Float32Array) {
  let sum = 0;
  let squares = 0;
  let clipped = 0;
  for (let i = 0; i < grey.length; i++) {
    const level = grey[i]!;
    sum += level;
    squares += level * level;
    if (level < nearlyBlack || level > nearlyWhite) clipped++;
  }
  const brightness = sum / grey.length;
  const contrast = Math.sqrt(Math.max(0, squares / grey.length - brightness ** 2));
  return { brightness, contrast, clipped: clipped / grey.length };
}

/** Variance of the 4-neighbour Laplacian over the inner pixels (Pech-Pacheco et al. 2000). */
function laplacianVariance(grey: Float32Array): number {
  let sum = 0;
  let squares = 0;
  for (let y = 1; y < cropSide - 1; y++) {
    for (let i = y * cropSide + 1; i < (y + 1) * cropSide - 1; i++) {
      const value = grey[i - 1]! + grey[i + 1]! + grey[i - cropSide]! + grey[i + cropSide]! - 4 * grey[i]!;
      sum += value;
      squares += value * value;
    }
  }
  const count = (cropSide - 2) ** 2;
  return squares / count - (sum / count) ** 2;
}

/**
 * How the head is turned. Seen from the front, the nose lies on the line from the middle of the eyes to the middle of the
 * mouth, about half-way; turned by an angle, it moves by its depth times the sine, off that line (yaw) or along it (pitch),
 * while the face itself draws together by the cosine.
 */
function poseOf([leftEye, rightEye, nose, leftMouth, rightMouth]: Landmarks) {
  const topX = (leftEye[0] + rightEye[0]) / 2;
  const topY = (leftEye[1] + rightEye[1]) / 2;
  const downX = (leftMouth[0] + rightMouth[0]) / 2 - topX;
  const downY = (leftMouth[1] + rightMouth[1]) / 2 - topY;
  const eyes = Math.hypot(rightEye[0] - leftEye[0], rightEye[1] - leftEye[1]);
  const down = Math.hypot(downX, downY);
  const off = ((nose[0] - topX) * downY - (nose[1] - topY) * downX) / down;
  const along = ((nose[0] - topX) * downX + (nose[1] - topY) * downY) / down ** 2;
  return {
    yaw_deg: degrees(Math.atan2(off / eyes, noseDepth)),
    pitch_deg: degrees(Math.atan2((along - noseAlong) * faceLength, noseDepth)),
    roll_deg: degrees(-Math.atan2(rightEye[1] - leftEye[1], rightEye[0] - leftEye[0])),
  };
}

function degrees(radians: number): number {
  return (radians * 180) / Math.PI;
}

function insideShare([x1, y1, x2, y2]: Box, width: number, height: number): number {
  const insideWidth = Math.max(0, Math.min(x2, width) - Math.max(x1, 0));
  const insideHeight = Math.max(0, Math.min(y2, height) - Math.max(y1, 0));
  return (insideWidth * insideHeight) / ((x2 - x1) * (y2 - y1));
}
