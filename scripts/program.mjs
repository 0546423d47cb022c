// Copies what runs of the program to another folder: for the container image, whose packages are those of its platform.
//   node scripts/program.mjs <packages> <to> <amd64 or arm64>
import { copyProgram } from '../dist/src/install/program.js';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const [packages, to, architecture] = process.argv.slice(2);
const arch = architecture === 'amd64' ? 'x64' : architecture;
const from = dirname(dirname(fileURLToPath(import.meta.url)));
await copyProgram({ from, packages, to, platform: { os: 'linux', arch } });
