import type { LocalScript } from "./script-model.ts";

/** The Workers of the account, in memory. */
export interface ScriptStore {
  get(name: string): LocalScript | undefined;
  list(): readonly LocalScript[];
  /** Stores a script. Rejects if the listener cannot start it; then the former script stays. */
  save(script: LocalScript): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Called before a changed script is stored; undefined after a removal. */
export type ScriptListener = (name: string, script: LocalScript | undefined) => Promise<void>;

export function createScriptStore(listener: ScriptListener = async () => {}): ScriptStore {
  const scripts = new Map<string, LocalScript>();
  return {
    get: (name) => scripts.get(name),
    list: () => [...scripts.values()],
    async save(script) {
      await listener(script.name, script);
      scripts.set(script.name, script);
    },
    async remove(name) {
      await listener(name, undefined);
      scripts.delete(name);
    },
  };
}
