/** Creates readable tokens for secrets, for commands that publish nothing. `open` returns the text of a token. */
export function createPlaintextSealer() {
  const texts = new Map<string, string>(); // by token
  return {
    tokenizeSecret(text: string): string {
      const knownEntry = [...texts].find(([, candidate]) => candidate === text);
      const token = knownEntry?.[0] ?? `[encrypted ${texts.size + 1}]`;
      texts.set(token, text);
      return token;
    },
    async open(token: string): Promise<string> {
      const text = texts.get(token);
      if (text === undefined) throw new Error(`unknown secret token: ${token}`);
      return text;
    },
  };
}
