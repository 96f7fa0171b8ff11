/** Stands in for sealing where nothing is published: tokens that can be shown, and the texts behind them. */
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
      if (text === undefined) throw new Error(`${token} is not sealed here`);
      return text;
    },
  };
}
