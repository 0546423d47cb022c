import { captureFolders } from '../../config/derived.ts';
import { ok, warning, type Check } from '../contract.ts';

/** More than this waiting is no moment of work, but nobody working. */
const manyWaiting = 100;

/** What waits, and what could not be analysed. */
export const inbox: Check = {
  name: 'inbox',
  async run({ config, host }) {
    const folders = captureFolders(config);
    const files = (names: readonly string[]) =>
      names.filter((name) => !name.startsWith('.') && /\.\w+$/.test(name)).length;
    const waiting = files(await host.list(folders.inbox));
    const failed = files((await host.list(folders.failed)).filter((name) => !name.endsWith('.reason.json')));
    const words = `${waiting} files wait in ${folders.inbox}, ${failed} were set aside as no photos`;
    if (waiting > manyWaiting)
      return warning(words, 'Is the station running, and its outbox full? See its log and alerts.');
    if (failed > 0)
      return warning(words, `The reason of each is beside it: cat ${folders.failed}/*.reason.json`);
    return ok(words);
  },
};
