import { hasStarted, type PublicationFigures } from "../../publish/progress/figures.ts";
import { formatProgress, formatProgressLine } from "../../publish/progress/format-progress.ts";
import { renderLine } from "../../runtime/terminal.ts";

const REDRAW_MS = 100;
/** A shorter publication logs nothing. */
const FIRST_LINE_MS = 2000;
const LINE_INTERVAL_MS = 5000;
const ERASE_LINE = "\r\u001b[K";

/** The stream of the progress: a terminal, or a log. */
export type ProgressStream = Pick<NodeJS.WriteStream, "isTTY" | "columns"> & { write(text: string): unknown };

/** The progress of a publication on a stream. */
export interface ProgressOutput {
  /** Shows the figures if they have changed. Called again and again. */
  update(now: number): void;
  /** Removes the line from a terminal, so that other output can follow. */
  clear(): void;
}

/** Creates the progress of a publication: one line that is redrawn in a terminal, or a few lines in a log. */
export function createProgressOutput(
  stream: ProgressStream,
  readFigures: () => PublicationFigures,
  useColors: boolean,
): ProgressOutput {
  let shownText = "";
  let isDrawn = false;
  let nextLineAt: number | undefined; // in a log
  const draw = (figures: PublicationFigures) => {
    const { bar, text } = formatProgressLine(figures, stream.columns || 80);
    const line = renderLine([{ style: "cyan", text: bar }, text], useColors);
    if (line === shownText) return;
    shownText = line;
    isDrawn = true;
    stream.write(`\r${line}\u001b[K`);
  };
  const log = (figures: PublicationFigures, now: number) => {
    nextLineAt ??= now + FIRST_LINE_MS;
    const line = formatProgress(figures);
    if (now < nextLineAt || line === shownText) return;
    shownText = line;
    nextLineAt = now + LINE_INTERVAL_MS;
    stream.write(`${line}\n`);
  };
  return {
    update(now) {
      const figures = readFigures();
      if (!hasStarted(figures)) return;
      if (stream.isTTY) draw(figures);
      else log(figures, now);
    },
    clear() {
      if (isDrawn) stream.write(ERASE_LINE);
      isDrawn = false;
    },
  };
}

/** Updates a progress until the returned function is called, which clears it. */
export function showProgress(output: ProgressOutput): () => void {
  const timer = setInterval(() => output.update(performance.now()), REDRAW_MS).unref();
  return () => {
    clearInterval(timer);
    output.clear();
  };
}
