import { MusterError } from '../../lib/errors.ts';

/** What the programs say, in which words a person should hear it, and what helps. The first that fits counts. */
const known: readonly (readonly [said: RegExp, reason: string, remedy: string])[] = [
  [
    /device or resource busy|pipeline handler in use|failed to acquire camera/i,
    'another program uses it',
    'End the other program: `fuser -v /dev/video*` names it. Two stations can not share a camera.',
  ],
  [
    /permission denied|operation not permitted/i,
    'this user may not use it',
    'Add the user to the group video, sudo usermod -aG video $USER, and log in again.',
  ],
  [
    /no cameras? (available|detected)|camera number out of range/i,
    'no camera was found at the ribbon cable',
    'Check that the cable is the right way round, switch the board off before, and see `rpicam-hello --list-cameras`.',
  ],
  [
    /no such device|no such file or directory|input\/output error/i,
    'it is not there',
    'Check that it is plugged in and switched on, and capture.camera.device or url; `muster camera list` shows what is found.',
  ],
  [
    /inappropriate ioctl|not a video capture device/i,
    'it is no camera',
    'Many cameras have a second node without pictures: take another from `muster camera list`.',
  ],
  [
    /proper format for codec|cannot find a proper format|invalid argument.*input_format/i,
    'it gives no MJPEG',
    'Set capture.camera.format: raw.',
  ],
  [
    /401 unauthorized|403 forbidden|authorization failed|method (describe|setup|play) failed: 40[13]/i,
    'it refuses the user name or the password',
    'Check both in the URL; characters such as @ and / in a password are written %40 and %2F.',
  ],
  [
    /404 not found|failed: 404/i,
    'it has nothing at that path',
    "Look up the path of the stream in the camera's manual.",
  ],
  [
    /connection refused|no route to host|network is unreachable|timed out|resolve|name or service not known/i,
    'it can not be reached',
    'Check its address and port, and that it is switched on and on the same network.',
  ],
  [
    /protocol not found|not on whitelist/i,
    'its address is of a kind that is not taken',
    'Use rtsp://, rtsps://, http://, https:// or file:///.',
  ],
  [
    /invalid data found/i,
    'what it sends is no video',
    'Check the URL: open it in VLC or with ffplay from another machine.',
  ],
  [
    /unknown option|unrecognized option|option .* not found/i,
    'the program on this machine is too old for an option',
    'Update it: sudo apt update && sudo apt full-upgrade.',
  ],
];

/**
 * Why a camera ended, as an error for a person.
 *
 * @param label what is said of the camera: free of credentials
 * @param said what the program wrote; it is never shown, as it may repeat a URL with its password
 */
export function cameraEnded(label: string, said: string, otherwise: string): MusterError {
  const found = known.find(([pattern]) => pattern.test(said));
  const [, reason, remedy] = found ?? [null, otherwise, 'Run `muster camera test` for a closer look.'];
  return new MusterError('camera', `${label}: ${reason}`, { remedy });
}

/** A URL in an error or a log: kind and host, since user, path and query may hold a secret. */
export function safeUrl(url: string): string {
  const { protocol, host } = new URL(url);
  return host === '' ? protocol : `${protocol}//${host}`;
}
