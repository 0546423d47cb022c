import { fstatSync } from 'node:fs';
import { symbols, type DestinationStream } from 'pino';

/**
 * Whether standard error goes to the journal: systemd gives device and inode of the stream that it reads; a redirected one is
 * another (systemd.exec(5)).
 */
export function isJournal(stream: string | undefined): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(2);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** Puts before each line the priority that the journal takes off again (sd-daemon(3)): `journalctl -p warning` works. */
export function withPriorities(stream: DestinationStream): DestinationStream {
  return {
    // pino writes the level of each line here before it writes the line.
    [symbols.needsMetadataGsym]: true,
    lastLevel: 30,
    write(line: string) {
      stream.write(`<${priorityOf(this.lastLevel)}>${line}`);
    },
  } as DestinationStream & { lastLevel: number };
}

/** Of syslog(3): 2 critical, 3 error, 4 warning, 6 informational, 7 debug. */
function priorityOf(level: number): number {
  if (level >= 60) return 2;
  if (level >= 50) return 3;
  if (level >= 40) return 4;
  return level >= 30 ? 6 : 7;
}
