import type { PolicySettings, SettingsOf } from "./index.ts";

/** Returns why a route answers 503, if it does. A redirect answers before a missing backend does. */
export function findClosure(settings: PolicySettings, hostSettings: PolicySettings): string | undefined {
  const { failClosed, redirect, noBackend } = { ...hostSettings, ...settings };
  const closure = hostSettings.failClosed ?? failClosed;
  return closure?.reason ?? (redirect ? undefined : noBackend?.reason);
}

/** Returns the checks of clients, if a route has any. */
export function findAuthorization({ authorization }: PolicySettings): SettingsOf<"authorization"> | undefined {
  return authorization;
}
