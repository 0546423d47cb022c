import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import sharp from 'sharp';
import { onTestFinished } from 'vitest';
import { scenery } from '../../demo/sample-photos.ts';

const ffmpegPath = '/usr/bin/ffmpeg';
export const hasFfmpeg = existsSync(ffmpegPath);
export const withoutFfmpeg = `skipped: ${ffmpegPath} is missing`;

export const filmWidth = 640;
export const filmHeight = 480;

/** A frame of the film: an empty doorway, or somebody in it, who sways a little. */
export async function doorway(person: Buffer | null, step = 0): Promise<Buffer> {
  const scene = sharp(await scenery()).resize(filmWidth, filmHeight, { fit: 'cover' });
  if (person === null) return await scene.jpeg({ quality: 85 }).toBuffer();
  const input = await sharp(person).resize({ height: 360 }).toBuffer();
  const left = 150 + Math.round(12 * Math.sin(step));
  return await scene
    .composite([{ input, left, top: 60 }])
    .jpeg({ quality: 85 })
    .toBuffer();
}

/** The frames of people who come and go, each for some seconds. */
export async function film(
  scenes: readonly { readonly person: Buffer | null; readonly seconds: number }[],
  fps: number,
): Promise<Buffer[]> {
  const frames: Buffer[] = [];
  for (const { person, seconds } of scenes) {
    const steps = person === null ? [await doorway(null)] : [];
    if (person !== null) for (let step = 0; step < 6; step += 1) steps.push(await doorway(person, step));
    for (let n = 0; n < seconds * fps; n += 1) frames.push(steps[n % steps.length]!);
  }
  return frames;
}

/** Lets ffmpeg make a video file of the frames. */
export async function writeVideo(path: string, frames: readonly Buffer[], fps: number): Promise<void> {
  const input = ['-f', 'image2pipe', '-c:v', 'mjpeg', '-framerate', `${fps}`, '-i', 'pipe:0'];
  const child = spawn('ffmpeg', ['-v', 'error', '-y', ...input, '-c:v', 'mpeg4', '-q:v', '2', path], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  child.stdin.end(Buffer.concat(frames));
  const [status] = (await once(child, 'exit')) as [number];
  if (status !== 0) throw new Error(`ffmpeg ended with status ${status}`);
}

export interface TestCamera {
  readonly port: number;
  /** `/snapshot` and `/mjpeg`. */
  url(path: string): string;
  /** What it shows from now on; null hangs: requests get no answer, and streams no frame. */
  show(frame: Buffer | null): void;
  /** Writes these bytes into every stream. */
  write(bytes: Buffer): void;
  /** How many streams are open. */
  viewers(): number;
  /** What requests said of who asks. */
  readonly authorizations: readonly (string | undefined)[];
  /** Pulls the plug. */
  close(): Promise<void>;
}

export interface TestCameraOptions {
  readonly port?: number;
  readonly fps?: number;
  /** How far its clock is ahead, s. */
  readonly aheadS?: number;
  /** The challenge of one that wants a password; any answer to it is taken. */
  readonly challenge?: string;
}

/** A network camera on loopback: single pictures, and MJPEG over HTTP. */
export async function startCamera({
  port = 0,
  fps = 20,
  aheadS = 0,
  challenge,
}: TestCameraOptions = {}): Promise<TestCamera> {
  const streams = new Set<ServerResponse>();
  const authorizations: (string | undefined)[] = [];
  let shown: Buffer | null = await doorway(null);
  const server: Server = createServer((request, response) => {
    authorizations.push(request.headers.authorization);
    if (challenge !== undefined && request.headers.authorization === undefined) {
      response.writeHead(401, { 'www-authenticate': challenge }).end();
    } else if (request.url === '/elsewhere') {
      response.writeHead(302, { location: '/snapshot' }).end();
    } else if (request.url?.startsWith('/mjpeg') === true) {
      response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=frame' });
      streams.add(response);
      response.on('close', () => streams.delete(response));
    } else if (request.url?.startsWith('/snapshot') === true) {
      if (shown !== null) response.writeHead(200, { 'content-type': 'image/jpeg' }).end(shown);
    } else {
      response.writeHead(404).end();
    }
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const write = (bytes: Buffer) => {
    for (const stream of streams) stream.write(bytes);
  };
  const timer = setInterval(() => {
    if (shown === null) return;
    const head = `--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${shown.length}\r\nX-Timestamp: ${Date.now() / 1000 + aheadS}\r\n\r\n`;
    write(Buffer.concat([Buffer.from(head), shown, Buffer.from('\r\n')]));
  }, 1000 / fps);
  const close = async () => {
    clearInterval(timer);
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(close);
  const at = (server.address() as AddressInfo).port;
  return {
    port: at,
    url: (path) => `http://127.0.0.1:${at}${path}`,
    show(frame) {
      shown = frame;
    },
    write,
    viewers: () => streams.size,
    authorizations,
    close,
  };
}
