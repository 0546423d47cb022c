import type { Command } from 'commander';
import type { CommandContext } from './context.ts';

/** What the verbs of `muster models` have in common: the folder, and how a long one shows what it is doing. */
export interface FolderOptions {
  readonly modelsDir?: string;
}

export function withFolder(command: Command): Command {
  return command.option(
    '--models-dir <dir>',
    'folder of the model files (default: vision.models_dir, else that of the program)',
  );
}

export async function modelsDirOf(context: CommandContext, { modelsDir }: FolderOptions): Promise<string> {
  if (modelsDir !== undefined) return modelsDir;
  const { defaultModelsDir } = await import('../lib/package.ts');
  return (await context.config()).vision.models_dir ?? defaultModelsDir;
}

/**
 * Shows the steps on stderr once the work has taken two seconds. A step that lasts is repeated with its duration, so that
 * a slow network looks like one.
 */
export function showSteps(): { report(step: string): void; done(): void } {
  const started = performance.now();
  let current = 'starting';
  let since = started;
  const show = (): void => {
    const seconds = Math.round((performance.now() - since) / 1000);
    process.stderr.write(`models: ${current} …${seconds > 0 ? ` ${seconds} s` : ''}\n`);
  };
  const showAgain = (): void => {
    show();
    timer = setTimeout(showAgain, 10_000);
  };
  let timer = setTimeout(showAgain, 2000);
  return {
    report: (step) => {
      current = step;
      since = performance.now();
      if (since - started >= 2000) show();
    },
    done: () => clearTimeout(timer),
  };
}
