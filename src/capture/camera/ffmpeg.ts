import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { MusterError } from '../../lib/errors.ts';
import type { PlayCamera } from './contract.ts';
import { cameraEnded, safeUrl } from './explain.ts';
import { findProgram, type Program } from './program.ts';
import { playProgram } from './play-program.ts';

const quiet = ['-hide_banner', '-loglevel', 'error'];
const mjpegOut = ['-f', 'mjpeg', 'pipe:1'];
/** Quality of ffmpeg's own MJPEG, 2 (best) to 31. */
const encode = ['-c:v', 'mjpeg', '-q:v', '4', '-pix_fmt', 'yuvj420p'];

export interface V4l2Options {
  /** Node below /dev; null: /dev/video0. */
  readonly device: string | null;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly format: 'mjpeg' | 'raw';
  readonly maxBytes: number;
}

/** A USB camera, or any other of the kernel's Video4Linux, through ffmpeg. MJPEG from the camera is passed on as it is. */
export function playV4l2({ device, width, height, fps, format, maxBytes }: V4l2Options): PlayCamera {
  const node = device ?? '/dev/video0';
  const wanted = ['-framerate', `${fps}`, '-video_size', `${width}x${height}`];
  const input = ['-f', 'v4l2', ...(format === 'mjpeg' ? ['-input_format', 'mjpeg'] : []), ...wanted];
  const output = format === 'mjpeg' ? ['-c:v', 'copy'] : encode;
  return async (onFrame, signal) => {
    const path = await ffmpegPath();
    if (
      !(await access(node).then(
        () => true,
        () => false,
      ))
    )
      throw cameraEnded(`the camera ${node}`, 'no such device', '');
    const args = [...quiet, '-nostdin', ...input, '-i', node, '-an', ...output, ...mjpegOut];
    await playProgram({ label: `the camera ${node}`, program: { path, args }, maxBytes }, onFrame, signal);
  };
}

export interface FfmpegOptions {
  /** Read at each start. */
  readonly url: () => Promise<string>;
  readonly fps: number;
  readonly maxBytes: number;
}

/** What each kind of URL may lead to: a stream can't make ffmpeg read the disk, nor a file the network. */
const protocols: Readonly<Record<string, string>> = {
  'rtsp:': 'rtsp,rtp,rtcp,udp,tcp',
  'rtsps:': 'rtsp,rtsps,rtp,srtp,rtcp,udp,tcp,tls,crypto',
  'http:': 'http,tcp',
  'https:': 'https,http,tls,tcp,crypto',
  'file:': 'file',
};

/** An RTSP or HTTP stream, or a video file, which is played over and over at its own speed. */
export function playFfmpeg({ url, fps, maxBytes }: FfmpegOptions): PlayCamera {
  return async (onFrame, signal) => {
    const [path, address] = [await ffmpegPath(), await url()];
    const { label, ...program } = ffmpegProgram(path, address, fps);
    await playProgram({ label, program, maxBytes }, onFrame, signal);
  };
}

/** The command for a URL. One that may hold a secret goes through standard input, as everybody may read the list of processes. */
export function ffmpegProgram(path: string, url: string, fps: number): Program & { readonly label: string } {
  const { protocol, username, password, search } = new URL(url);
  const allowed = protocols[protocol];
  if (allowed === undefined) throw cameraEnded(protocol, 'protocol not found', '');
  const output = ['-an', '-sn', '-dn', '-vf', `fps=${fps}`, ...encode, ...mjpegOut];
  if (protocol === 'file:') {
    const file = fileURLToPath(url);
    const input = ['-re', '-stream_loop', '-1', '-protocol_whitelist', allowed, '-i', `file:${file}`];
    return { label: `the video ${file}`, path, args: [...quiet, '-nostdin', ...input, ...output] };
  }
  const label = `the camera at ${safeUrl(url)}`;
  const isRtsp = protocol.startsWith('rtsp');
  if (username === '' && password === '' && search === '') {
    const transport = isRtsp ? ['-rtsp_transport', 'tcp'] : [];
    const input = [...transport, '-protocol_whitelist', allowed, '-i', url];
    return { label, path, args: [...quiet, '-nostdin', ...input, ...output] };
  }
  // A list of one entry (ffmpeg's concat demuxer). Its quotes are escaped as a shell's.
  const transport = isRtsp ? ['option rtsp_transport tcp'] : [];
  const lines = ['ffconcat version 1.0', `file '${url.replaceAll("'", String.raw`'\''`)}'`, ...transport];
  const list = ['-protocol_whitelist', `pipe,${allowed}`, '-f', 'concat', '-safe', '0', '-i', 'pipe:0'];
  return { label, path, args: [...quiet, ...list, ...output], input: `${lines.join('\n')}\n` };
}

export async function ffmpegPath(): Promise<string> {
  const path = await findProgram('ffmpeg');
  if (path !== null) return path;
  throw new MusterError('camera', 'ffmpeg is not installed, which USB cameras and streams need', {
    remedy: 'sudo apt install ffmpeg',
  });
}
