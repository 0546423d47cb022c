import { Command } from 'commander';
import { messageOf, MusterError } from '../src/lib/errors.ts';

/**
 * A measuring program of `npm run <script>`.
 *
 * @param about paragraphs with an empty line between them
 * @param usage what has to be given beside options
 */
export function programOf(script: string, about: string, usage = '[options]'): Command {
  // The help finds line breaks of its own.
  const text = about.replaceAll(/(?<!\n)\n(?!\n)/g, ' ');
  return new Command(`npm run ${script} --`).description(text).usage(usage).allowExcessArguments(false);
}

/**
 * Reads the options and runs the program. What goes wrong is told in words, with exit status 1.
 *
 * @param main is given what the options of `program` have read
 */
export async function runProgram(program: Command, main: (options: never) => Promise<void>): Promise<void> {
  try {
    program.parse();
    await main(program.opts());
  } catch (error) {
    const remedy = error instanceof MusterError && error.remedy !== undefined ? `\n${error.remedy}` : '';
    process.stderr.write(`${messageOf(error)}${remedy}\n`);
    process.exitCode = 1;
  }
}
