/** A file of the project that is made of the code by `npm run generate`. */
export interface Artefact {
  /** Relative to the folder of package.json, with forward slashes. */
  readonly path: string;
  /** The file's whole content. */
  readonly text: () => string;
}

/** JSON as it is kept in the project. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
