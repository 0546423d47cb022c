import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * A network camera that speaks RTSP (RFC 2326) over TCP: ffmpeg plays a video file over and over and sends its RTP here, and whoever
 * asks, with user and password (Basic), gets it interleaved.
 */
export async function startRtspCamera(video: string, user: string, password: string) {
  const rtp = createSocket('udp4');
  rtp.bind(0, '127.0.0.1');
  await once(rtp, 'listening');
  const players = new Set<Socket>();
  rtp.on('message', (packet) => {
    const head = Buffer.from([0x24, 0, packet.length >> 8, packet.length & 255]);
    for (const player of players) player.write(Buffer.concat([head, packet]));
  });
  const { port: rtpPort } = rtp.address();
  const input = ['-v', 'error', '-re', '-stream_loop', '-1', '-i', video];
  const output = [
    '-an',
    '-c:v',
    'mpeg4',
    '-g',
    '10',
    '-f',
    'rtp',
    `rtp://127.0.0.1:${rtpPort}?pkt_size=1200`,
  ];
  const sender = spawn('ffmpeg', [...input, ...output], { stdio: ['ignore', 'pipe', 'inherit'] });
  let sdp = '';
  sender.stdout.on('data', (chunk: Buffer) => (sdp += chunk.toString()));

  // The description of the stream is whole when its last section has attributes.
  while (!/m=video[^]*a=/.test(sdp)) await once(sender.stdout, 'data');

  const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const server = createServer((socket) => {
    let text = '';
    socket.on('error', () => undefined);
    socket.on('close', () => players.delete(socket));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const request = text.slice(0, end);
        text = text.slice(end + 4);
        // Interleaved RTCP of the player begins with $ and is passed over with whatever it is mixed with.
        const method = /([A-Z_]+) rtsp:/.exec(request)?.[1];
        if (method !== undefined) answer(socket, method, request);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    sender.kill('SIGKILL');
    for (const player of players) player.destroy();
    server.close();
    rtp.close();
    await Promise.resolve();
  });
  return { port: (server.address() as AddressInfo).port };

  function answer(socket: Socket, method: string, request: string): void {
    const head = (status: string, ...lines: readonly string[]) =>
      `RTSP/1.0 ${status}\r\nCSeq: ${/CSeq: *(\d+)/i.exec(request)?.[1] ?? 0}\r\n${lines.map((line) => `${line}\r\n`).join('')}`;
    if (method !== 'OPTIONS' && !request.includes(wanted)) {
      socket.write(`${head('401 Unauthorized', 'WWW-Authenticate: Basic realm="camera"')}\r\n`);
    } else if (method === 'OPTIONS') {
      socket.write(`${head('200 OK', 'Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN')}\r\n`);
    } else if (method === 'DESCRIBE') {
      const body = `${sdp.slice(sdp.indexOf('v=0')).trim()}\r\na=control:track1\r\n`;
      socket.write(
        `${head('200 OK', 'Content-Type: application/sdp', `Content-Length: ${body.length}`)}\r\n${body}`,
      );
    } else if (method === 'SETUP') {
      socket.write(`${head('200 OK', 'Session: 1', 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1')}\r\n`);
    } else {
      socket.write(`${head('200 OK', 'Session: 1')}\r\n`);
      if (method === 'PLAY') players.add(socket);
    }
  }
}
