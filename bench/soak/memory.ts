// Loaded before the station's program (`node --import`): tells on its standard error, among the lines of the log, how the memory
// of the main thread's JavaScript is made up, which nobody can see from outside.

/** One of these lines. */
export interface MemoryLine {
  readonly msg: typeof memoryMessage;
  readonly level: number;
  /** What the heap has taken, bytes. */
  readonly heapTotal: number;
  readonly heapUsed: number;
  /** Buffers and other memory that objects of the heap hold outside of it, bytes. */
  readonly external: number;
}

export const memoryMessage = 'memory of the main thread';
const everyMs = 500;
const debugLevel = 20;

if (process.argv[2] === 'station') setInterval(tell, everyMs).unref();

function tell(): void {
  const { heapTotal, heapUsed, external } = process.memoryUsage();
  const line: MemoryLine = { msg: memoryMessage, level: debugLevel, heapTotal, heapUsed, external };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}
