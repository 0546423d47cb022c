import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const manifestPath = createRequire(import.meta.url).resolve('#package.json');

/** The folder that holds package.json, models and config, wherever this file was compiled to. */
export const packageRoot = dirname(manifestPath);

export const packageVersion = (JSON.parse(readFileSync(manifestPath, 'utf8')) as { version: string }).version;

/** Numbers of the drawn face that come with the program, see src/selftest/golden.ts. */
export const shippedGolden = join(packageRoot, 'models', 'golden.json');

/** Where the built models and their manifest are, unless `vision.models_dir` says otherwise. */
export const defaultModelsDir = join(packageRoot, 'models');
