/** Throws an error with the command to install a package, if the package is not installed. */
export function expectPackage(command: string, name: string, version: string): void {
  try {
    import.meta.resolve(name);
  } catch {
    throw new Error(`${name} not found: ${command} needs it. Install it: npm install ${name}@${version}`);
  }
}
