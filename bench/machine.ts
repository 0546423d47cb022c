export { describeMachine } from '../src/bench/machine.ts';
