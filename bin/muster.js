#!/usr/bin/env node
// Starts the compiled program. In a fresh clone it is compiled first, by the same script that `npm start` uses.
import { existsSync } from 'node:fs';

const main = new URL('../dist/program/main.js', import.meta.url);
if (!existsSync(main)) await import('../scripts/setup.mjs');
await import(main.href);
