/** The reasons of diagnostics about staged roll-outs. */
export const rolloutReasons = {
  ChangeStaged: {
    severity: "note",
    doc: "A staged roll-out is in progress; only a share of the clients gets the changed routes of the Ingress.",
  },
  ChangeAborted: {
    severity: "error",
    doc: "The roll-out of changed routes of the Ingress was aborted; the former rules are served.",
  },
} as const;
