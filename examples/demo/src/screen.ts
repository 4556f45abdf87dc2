/** Where the demo writes what a person reads. */
export interface Screen {
  /** A numbered step. */
  step(title: string): void;
  /** A line of a step: what it is about, and what there is to say. */
  line(label: string, text: string): void;
  /** Something a program wrote, word for word, broken into lines that fit; all but the first are indented. */
  quote(text: string): void;
  /** The line a step closes with. */
  good(text: string): void;
}

const bold = 1;
const green = 32;
const yellow = 33;
const grey = 90;

/**
 * @param write where text goes
 * @param colour whether the reader's terminal shows colours
 */
export function screen(write: (text: string) => void, colour: boolean): Screen {
  const paint = (code: number, text: string): string =>
    colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  let steps = 0;
  return {
    step(title) {
      steps += 1;
      write(`\n${paint(bold, `${steps}. ${title}`)}\n`);
    },
    line(label, text) {
      write(`   ${paint(grey, label.padEnd(10))} ${text}\n`);
    },
    quote(text) {
      for (const [i, line] of wrapped(text).entries()) {
        write(`   ${paint(yellow, "|")} ${i === 0 ? "" : "  "}${line}\n`);
      }
    },
    good(text) {
      write(`   ${paint(green, "✔")} ${text}\n`);
    },
  };
}

/** A text in lines that a screen shows whole, broken at blanks. */
function wrapped(text: string): string[] {
  return text.match(/\S.{0,93}(?=\s|$)|\S+/g) ?? [];
}

/** The same for a reader that is a program: nothing. */
export const silent: Screen = {
  step() {},
  line() {},
  quote() {},
  good() {},
};
