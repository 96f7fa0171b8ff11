import Cloudflare from "cloudflare";

/** A part of the account, or why the API does not show it. */
export type ApiAnswer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** Turns an error of the API into an answer. Rejects if there is no connection, because then no answer is possible. */
export async function readApiAnswer<T>(read: () => Promise<T>): Promise<ApiAnswer<T>> {
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    if (!(error instanceof Cloudflare.APIError) || error.status === undefined) throw error;
    return { ok: false, problem: formatApiProblem(error) };
  }
}

/** Formats an error of the API: "403 Authentication error (code 10000)". */
function formatApiProblem(error: InstanceType<typeof Cloudflare.APIError>): string {
  const [reason] = error.errors;
  const code = reason?.code === undefined ? "" : ` (code ${reason.code})`;
  return `${error.status} ${String(reason?.message ?? "no reason").replace(/\s+/g, " ")}${code}`;
}
