/** The newest lines of the log, in memory, for whoever wants to look at them from afar. */
export interface LogTail {
  /** Takes one line as it is written, JSON. */
  write(line: string): void;
  /** The newest lines, the oldest of them first. */
  lines(limit: number): readonly object[];
  /** Calls back with each new line; returns what ends that. */
  onLine(listener: (line: object) => void): () => void;
}

/** Keeps `most` lines, as they were written: as objects they would take several times the memory. */
export function createLogTail(most = 500): LogTail {
  const kept: string[] = [];
  const listeners = new Set<(line: object) => void>();
  return {
    write(line) {
      kept.push(line);
      if (kept.length > most) kept.shift();
      if (listeners.size === 0) return;
      const entry = parsed(line);
      for (const listener of listeners) listener(entry);
    },
    lines: (limit) => (limit === 0 ? [] : kept.slice(-limit).map(parsed)),
    onLine(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function parsed(line: string): object {
  return JSON.parse(line) as object;
}
