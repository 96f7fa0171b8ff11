/** Starts a timer that does not keep the process alive. */
export function startTimer(ms: number, callback: () => void): ReturnType<typeof setTimeout> {
  return setTimeout(callback, ms).unref();
}
