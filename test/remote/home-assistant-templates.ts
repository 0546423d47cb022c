/**
 * Renders the few forms of Jinja that the discovery message uses, as Home Assistant does: `A if C else B`, `C` being a value, an
 * equality or `in [..]`; `A or B`; a dict with `| to_json`; and null, true and false in Python's words.
 */
export function render(template: string, json: unknown): string {
  const expression = /^\{\{ (.*) \}\}$/.exec(template)?.[1];
  if (expression === undefined) throw new Error(`not one expression: ${template}`);
  const result = evaluate(expression, json);
  if (result === null) return 'None';
  if (typeof result === 'boolean') return result ? 'True' : 'False';
  return typeof result === 'string' ? result : JSON.stringify(result);
}

/** Every `value_json.…` of a template, without `value_json`. */
export function fieldsOf(template: string): string[][] {
  return [...template.matchAll(/value_json((?:\.\w+)+)/g)].map(([, path]) =>
    (path ?? '').slice(1).split('.'),
  );
}

function evaluate(expression: string, json: unknown): unknown {
  const choice = /^(.+?) if (.+?) else (.+)$/.exec(expression);
  if (choice) {
    const [, yes = '', condition = '', no = ''] = choice;
    return evaluate(holds(condition, json) ? yes : no, json);
  }
  const dict = /^\{(.*)\} \| to_json$/.exec(expression)?.[1];
  if (dict !== undefined) {
    const entries = [...dict.matchAll(/'(\w+)': ([^,]+)/g)];
    return JSON.stringify(
      Object.fromEntries(entries.map(([, key = '', value = '']) => [key, evaluate(value, json)])),
    );
  }
  const or = /^(.+) or (.+)$/.exec(expression);
  if (or) return evaluate(or[1] ?? '', json) || evaluate(or[2] ?? '', json);
  if (expression === 'None') return null;
  const text = /^'([^']*)'$/.exec(expression)?.[1];
  if (text !== undefined) return text;
  const [path] = fieldsOf(expression);
  if (path === undefined || expression !== `value_json.${path.join('.')}`)
    throw new Error(`unknown expression: ${expression}`);
  return path.reduce((value: unknown, key) => {
    // In Home Assistant a warning in the log at each message.
    if (value === null || typeof value !== 'object' || !(key in value)) throw new Error(`no ${expression}`);
    return Reflect.get(value, key) as unknown;
  }, json);
}

function holds(condition: string, json: unknown): boolean {
  const [, left = condition, operator, right = ''] = /^(.+) (==|in) (.+)$/.exec(condition) ?? [];
  const value = evaluate(left, json);
  if (operator === undefined) return Boolean(value);
  if (operator === '==') return value === evaluate(right, json);
  return [...right.matchAll(/'([^']*)'/g)].some(([, word]) => word === value);
}
