/** The guards of one host. */
export interface Guards {
  readonly satisfy: "all" | "any";
  readonly lists: "none" | "allow" | "deny" | "both";
  readonly hasPassword: boolean;
  readonly hasService: boolean;
  readonly requiresCertificate: boolean;
}

/** One request to a host, in the parts that its guards check. */
export interface Visit {
  /** First number of the client's address: 20 is denied, 21 allowed, 22 both, and 23 neither. */
  readonly network: number;
  readonly password: string | undefined;
  readonly serviceStatus: number | undefined;
  readonly hasCertificate: boolean;
}

const BOOLEANS = [false, true];

/** Returns every combination of guards. */
export function listGuards(): Guards[] {
  return (["all", "any"] as const).flatMap((satisfy) =>
    (["none", "allow", "deny", "both"] as const).flatMap((lists) =>
      BOOLEANS.flatMap((hasPassword) =>
        BOOLEANS.flatMap((hasService) =>
          BOOLEANS.map((requiresCertificate) => ({ satisfy, lists, hasPassword, hasService, requiresCertificate })),
        ),
      ),
    ),
  );
}

/** Returns every request that some guard answers differently. */
export function listVisits({ lists, hasPassword, hasService, requiresCertificate }: Guards): Visit[] {
  const networks = lists === "none" ? [23] : [20, 21, 22, 23];
  const passwords = hasPassword ? ["s3cret", "wrong", undefined] : [undefined];
  const serviceStatuses = hasService ? [200, 401, 403] : [undefined];
  return networks.flatMap((network) =>
    passwords.flatMap((password) =>
      serviceStatuses.flatMap((serviceStatus) =>
        (requiresCertificate ? BOOLEANS : [false]).map((hasCertificate) => {
          return { network, password, serviceStatus, hasCertificate };
        }),
      ),
    ),
  );
}
