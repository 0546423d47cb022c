/**
 * ONNX Runtime's own packages report to their maker since 1.29: an id of the device, the processor, names and hashes of models, how often they run, kept in
 * `~/.cache/Microsoft` until it can be sent. A station tells nobody. The switch is read off the process's environment when the first session is made; a
 * worker thread has a copy of that only, so whoever starts one that loads the runtime calls this too.
 */
export function forbidReports(): void {
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
}
