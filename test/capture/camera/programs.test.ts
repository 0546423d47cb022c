import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ffmpegProgram, playFfmpeg, playV4l2 } from '../../../src/capture/camera/ffmpeg.ts';
import { runProgram } from '../../../src/capture/camera/program.ts';
import { playRpicam } from '../../../src/capture/camera/rpicam.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { tryCamera } from '../../../src/capture/camera/try.ts';
import { film, hasFfmpeg, withoutFfmpeg, writeVideo } from '../../support/camera-film.ts';
import { startRtspCamera } from '../../support/rtsp.ts';
import { eventually, temporaryFolder } from '../../support/tools.ts';

const maxBytes = 8e6;
const never = new AbortController().signal;
const note = hasFfmpeg ? '' : ` (${withoutFfmpeg})`;

function commandLines(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      } catch {
        return '';
      }
    })
    .join('\n');
}

/** Also one that nobody has asked for its status yet: who takes in orphans may be in no hurry. */
function hasEnded(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}

describe('a program that is run', () => {
  it('is ended with all that it has started, also when it takes no notice', async () => {
    const ending = new AbortController();
    let pids: number[] = [];
    const script = `trap '' TERM; sleep 1000 & echo $$ $!; wait; wait`;
    const end = await runProgram(
      { path: '/bin/sh', args: ['-c', script] },
      (chunk) => {
        pids = Buffer.from(chunk).toString().trim().split(' ').map(Number);
        ending.abort();
      },
      ending.signal,
    );
    expect(end.signal).toBe('SIGKILL');
    expect(pids).toHaveLength(2);
    await eventually('the end of both', () => pids.every(hasEnded));
  });

  it('is given its input, and what it said is told', async () => {
    let out = '';
    const program = { path: '/bin/sh', args: ['-c', 'cat; echo trouble >&2; exit 3'], input: 'secret' };
    const end = await runProgram(program, (chunk) => (out += Buffer.from(chunk).toString()), never);
    expect([out, end]).toEqual(['secret', { status: 3, signal: null, said: 'trouble\n' }]);
  });
});

describe('what a program writes', () => {
  /** Two million numbers; a piece's memory is used again, so that one that is kept for later would be seen. */
  const program = { path: '/bin/sh', args: ['-c', 'seq 2000000; exit 3'] };
  const whole = Array.from({ length: 2_000_000 }, (_, i) => `${i + 1}\n`).join('');
  const read = async () => {
    const pieces: Buffer[] = [];
    const { status } = await runProgram(program, (piece) => pieces.push(Buffer.from(piece)), never);
    return { status, isWhole: Buffer.concat(pieces).toString('latin1') === whole };
  };

  it('is read to its end, and nothing stays in the folder for temporary files', async () => {
    const folder = await temporaryFolder();
    vi.stubEnv('TMPDIR', folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await read()).toEqual({ status: 3, isWhole: true });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is read where nothing can be made in that folder', async () => {
    vi.stubEnv('TMPDIR', join(await temporaryFolder(), 'none'));
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await read()).toEqual({ status: 3, isWhole: true });
  });

  it('is read behind a program that ends before those that it has started', async () => {
    let out = '';
    const early = { path: '/bin/sh', args: ['-c', '(sleep 0.3; echo late) & echo early'] };
    const end = await runProgram(early, (piece) => (out += Buffer.from(piece).toString()), never);
    expect([out, end.status]).toEqual(['early\nlate\n', 0]);
  });

  it('is not waited for where it can not be started', async () => {
    const none = { path: join(await temporaryFolder(), 'none'), args: [] };
    await expect(runProgram(none, () => undefined, AbortSignal.timeout(20_000))).resolves.not.toMatchObject({
      status: 0,
    });
  });
});

describe('the command for a URL', () => {
  it('shows no secret, and allows no other protocol', () => {
    for (const url of ['rtsp://me:hunter2@cam/1', 'http://cam/x?key=hunter2', "rtsps://me:hun'ter2@cam/1"]) {
      const { args, input, label } = ffmpegProgram('/usr/bin/ffmpeg', url, 8);
      expect(JSON.stringify([args, label])).not.toMatch(/hunter2|hun'ter2/);
      expect(input).toMatch(/hunter2|hun'\\''ter2/);
    }
    const { args } = ffmpegProgram('/usr/bin/ffmpeg', 'http://cam/stream', 8);
    expect(args[args.indexOf('-protocol_whitelist') + 1]).toBe('http,tcp');
    expect(() => ffmpegProgram('/usr/bin/ffmpeg', 'concat:/etc/passwd', 8)).toThrow(/kind that is not taken/);
  });
});

describe.skipIf(!hasFfmpeg)(`cameras that are not there${note}`, () => {
  it('are errors with a remedy', async () => {
    const device = { width: 640, height: 480, fps: 10, maxBytes };
    const play = playV4l2({ ...device, device: '/dev/video99', format: 'mjpeg' });
    await expect(play(() => undefined, never)).rejects.toMatchObject({
      message: 'the camera /dev/video99: it is not there',
      remedy: expect.stringContaining('muster camera list') as string,
    });
    await expect(playRpicam({ ...device, device: null })(() => undefined, never)).rejects.toMatchObject({
      remedy: expect.stringContaining('apt install rpicam-apps') as string,
    });
    const gone = playFfmpeg({ url: () => Promise.resolve('rtsp://127.0.0.1:1/x'), fps: 5, maxBytes });
    await expect(gone(() => undefined, never)).rejects.toThrow('rtsp://127.0.0.1:1: it can not be reached');
  });
});

describe.skipIf(!hasFfmpeg)(`a camera that speaks RTSP${note}`, () => {
  it('is played with its password, which no list of processes shows', { timeout: 60_000 }, async () => {
    const video = join(await temporaryFolder(), 'door.avi');
    await writeVideo(video, await film([{ person: null, seconds: 3 }], 10), 10);
    const camera = await startRtspCamera(video, 'viewer', 'hunter2');
    const url = (password: string) => `rtsp://viewer:${password}@127.0.0.1:${camera.port}/live`;
    const wrong = playFfmpeg({ url: () => Promise.resolve(url('hunter3')), fps: 10, maxBytes });
    await expect(wrong(() => undefined, never)).rejects.toThrow(/refuses the user name or the password/);
    let seen = '';
    const right = playFfmpeg({ url: () => Promise.resolve(url('hunter2')), fps: 10, maxBytes });
    const trial = await tryCamera(
      (onFrame, signal) =>
        right((jpeg, at) => {
          seen ||= commandLines();
          onFrame(jpeg, at);
        }, signal),
      { forMs: 2_000, patienceMs: 20_000, clock: systemClock },
      never,
    );
    expect(trial.frames).toBeGreaterThan(5);
    expect(trial.jpeg.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
    expect(seen).toContain('ffmpeg');
    expect(seen).not.toContain('hunter2');
  });
});
