import type { OnFrame } from './contract.ts';
import { cameraEnded } from './explain.ts';
import { runProgram, type Program } from './program.ts';
import { createJpegSplitter } from './split.ts';

export interface ProgramCamera {
  /** For errors; free of credentials. */
  readonly label: string;
  /** Writes MJPEG to its standard output. */
  readonly program: Program;
  readonly maxBytes: number;
}

/** Plays what a program writes, as `PlayCamera` promises. */
export async function playProgram(
  { label, program, maxBytes }: ProgramCamera,
  onFrame: OnFrame,
  signal: AbortSignal,
): Promise<void> {
  const splitter = createJpegSplitter({ maxBytes, onFrame: (jpeg) => onFrame(jpeg, null) });
  const end = await runProgram(program, (chunk) => splitter.push(chunk), signal);
  if (signal.aborted) return;
  const how = end.signal === null ? `status ${end.status}` : end.signal;
  throw cameraEnded(label, end.said, `its program ended (${how})`);
}
